"""The command teaches, answers machines, and fails in a line with a status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.cdk import PROJECT
from tests.deployed_agents import FIRST


def tradewind(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command with no embedded AWS running."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=PROJECT,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
            "TRADEWIND_HOME": str(home),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command_and_a_first_step(tmp_path: Path) -> None:
    done = tradewind("--help", home=tmp_path)
    assert done.returncode == 0
    for word in ("demo", "up", "down", "status", "invoke", "First time"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["invoke", "weather", "hello"], "'weather' is not one of"),
        (["invoke", FIRST], "Give a QUERY or --request FILE"),
        (["invoke", FIRST, "--request", "no-such.json"], "does not exist"),
        (["fly"], "No such command"),
    ],
)
def test_wrong_usage_is_explained_with_status_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = tradewind(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_request_file_that_is_no_json_is_explained(tmp_path: Path) -> None:
    broken = tmp_path / "request.json"
    broken.write_text('{"query": ')
    done = tradewind("invoke", FIRST, "--request", str(broken), home=tmp_path)
    assert done.returncode == 2
    assert "request.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_nothing_deployed_invoke_says_what_to_do(tmp_path: Path) -> None:
    done = tradewind("invoke", FIRST, "hello", home=tmp_path)
    assert done.returncode == 1
    assert "Run `tradewind up` first" in done.stderr
    assert "\x1b[" not in done.stderr  # no colours into a pipe


def test_status_and_down_without_a_cloud(tmp_path: Path) -> None:
    done = tradewind("status", "--json", home=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"running": False})
    assert tradewind("down", home=tmp_path).stdout == "It was not running.\n"
