"""Interrupts look the same with and without a terminal, however they come."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys

import pytest

from cli.cdk import PROJECT

INTERRUPTED = 130
PROGRAM = """
import signal, sys, time
from cli import __main__ as command
from cli.console import Steps

@command.tradewind.command()
def wait():
    with Steps().step("Do the work"):
        try:
            print("ready", flush=True)
            while True:
                time.sleep(0.05)
        finally:
            # Again, while it cleans up: that is not cut short.
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            print("cleaned up", flush=True)

sys.argv = ["tradewind", "wait"]
command.main()
"""
COMMAND = [sys.executable, "-c", PROGRAM]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\^C")


def lines(said: str) -> list[str]:
    """What a person sees at the end, without colours, the clock and times."""
    plain = [re.sub(r"\d+\.\d s", "T", CONTROL.sub("", line)).strip() for line in said.split("\n")]
    return [line for line in plain if line.startswith(("cleaned up", "failed", "Error"))]


EXPECTED = ["cleaned up", f"failed {'Do the work':<44}    T", "Error: Interrupted."]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignored", [False, True])
def test_without_a_terminal(sent: signal.Signals, ignored: bool) -> None:
    # A shell starts what runs in the background with Ctrl-C switched off.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        process = subprocess.Popen(
            COMMAND, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        said, _ = process.communicate(timeout=180)
    assert (process.returncode, lines(said)) == (INTERRUPTED, EXPECTED)


def test_with_a_terminal() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        # Makes the terminal the one that Ctrl-C is typed in.
        [str(shutil.which("setsid")), "--ctty", *COMMAND],
        cwd=PROJECT,
        env={**os.environ, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = _read(ours, until="ready")
        os.write(ours, b"\x03")
        said += _read(ours, until=None)
        assert process.wait(timeout=180) == INTERRUPTED
    os.close(ours)
    assert lines(said) == EXPECTED


def _read(terminal: int, until: str | None) -> str:
    """Read up to a word, or to the end."""
    said = ""
    while until is None or until not in said:
        if not select.select([terminal], [], [], 60)[0]:
            break
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        said += data.decode()
    return said
