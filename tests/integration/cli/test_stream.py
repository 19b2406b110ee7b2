"""``tradewind call --stream`` shows an answer as it comes, and finds out how it ended."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from cli.cdk import PROJECT
from tests.integration.cli.api_server import Contract, answers, lost, refuses
from tests.integration.cli.conftest import Caller

WORDS = ("call", "terrain", "x", "--stream")


@pytest.fixture
def told(contract: Contract) -> Contract:
    """An agent that thinks, calls a tool, is cut off by its model once, and answers."""
    contract.events = [
        ("text", {"text": "Let me "}),
        ("text", {"text": "look.\x1b[2J"}),
        ("message_end", {}),
        ("tool_start", {"call_id": "1", "tool": "find_land"}),
        ("tool_end", {"call_id": "1", "tool": "find_land", "succeeded": True}),
        ("text", {"text": "You asked"}),
        ("restart", {}),
        ("text", {"text": "You asked"}),
        ("text", {"text": ": x"}),
        ("message_end", {}),
    ]
    return contract


def tail(contract: Contract) -> str:
    """What every answer ends with."""
    identity = next(iter(contract.asked))
    return (
        f"invocation {identity}, project project-1\n"
        "  site.geojson\n"
        f"  `tradewind status {identity} --json` has links to them.\n"
        "100 tokens in, 20 out, 0.0123 US$\n"
    )


def test_a_pipe_gets_whole_messages_and_nothing_void(caller: Caller, told: Contract) -> None:
    said = caller.run(*WORDS)
    assert said.status == 0
    assert said.out == "Let me look.[2J\n\nYou asked: x\n\n" + tail(told)
    assert said.err == (
        "find_land ...\nfind_land done\n"
        "[The call of the model failed and is repeated: its last message is void.]\n"
    )
    assert told.heard == [("POST", "/agents/terrain/stream")]


def test_a_runtimes_stream_has_its_own_path(caller: Caller, told: Contract) -> None:
    said = caller.run("call", "--runtime", "onboarding", "x", "--stream")
    assert said.status == 0
    assert told.heard == [("POST", "/runtimes/onboarding/stream")]


def test_a_terminal_gets_text_as_it_comes(
    caller: Caller, told: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    said = caller.run(*WORDS)
    assert said.out == "Let me look.[2J\n\nYou asked\nYou asked: x\n\n" + tail(told)


def test_a_program_gets_every_event(caller: Caller, told: Contract) -> None:
    said = caller.run(*WORDS, "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["event"] for line in lines] == [
        "invocation",
        *[name for name, _ in told.events],
        "result",
    ]
    assert lines[-1]["data"]["state"] == "succeeded"
    assert (said.status, said.err) == (0, "")


def test_a_failure_after_the_first_byte_is_one(caller: Caller, told: Contract) -> None:
    told.state = "failed"
    told.error = {"code": "MODEL_FAILED", "message": "Bedrock failed."}
    said = caller.run(*WORDS)
    assert said.status == 1
    assert said.err.splitlines()[-1] == "Error: MODEL_FAILED: Bedrock failed."
    assert caller.run(*WORDS, "--json").status == 1


def test_a_stream_that_is_cut_is_looked_up(caller: Caller, told: Contract) -> None:
    # In the middle of a message.
    told.events = told.events[:-2]
    told.cut_stream = True
    told.looks = 2
    said = caller.run(*WORDS)
    identity = next(iter(told.asked))
    assert said.status == 0, said.err
    assert "127.0.0.1 broke off its answer" in said.err
    assert "Looking up how it ended." in said.err
    # As a whole, whatever of it was shown.
    assert said.out == "Let me look.[2J\n\nYou asked: x\n\n" + tail(told)
    assert told.heard[0] == ("POST", "/agents/terrain/stream")
    assert set(told.heard[1:]) == {("GET", f"/invocations/{identity}")}
    assert list(told.asked.values()) == [1]


def test_the_id_is_the_one_that_the_stream_tells(caller: Caller, told: Contract) -> None:
    told.cut_stream = told.ignores_keys = True
    assert caller.run(*WORDS).status == 0
    assert told.heard[-1] == ("GET", f"/invocations/{next(iter(told.asked))}")


def test_a_stream_that_never_began_is_looked_up_by_its_key(caller: Caller, told: Contract) -> None:
    told.faults.append(answers(504, {"message": "Endpoint request timed out"}))
    said = caller.run(*WORDS)
    assert said.status == 3
    assert "The API has no invocation terrain.k-" in said.err
    told.faults.append(lost)
    said = caller.run(*WORDS)
    assert said.status == 0
    assert list(told.asked.values()) == [1]


def test_a_refusal_before_the_first_byte_is_one(caller: Caller, told: Contract) -> None:
    told.faults.append(refuses(402, "BUDGET_EXCEEDED", "Spent."))
    assert caller.run(*WORDS).status == 5
    told.faults.append(refuses(429, "AGENT_BUSY", "All are at work.", after=3))
    assert caller.run(*WORDS).status == 0
    assert caller.pauses == [3]
    assert list(told.asked.values()) == [1]


def test_a_failure_told_as_a_problem_is_the_invocations(caller: Caller, told: Contract) -> None:
    told.looks = 0
    told.state = "failed"
    told.error = {"code": "MODEL_FAILED", "message": "Bedrock failed."}
    caller.run("call", "terrain", "x")
    identity = next(iter(told.asked))
    told.faults.append(refuses(502, "MODEL_FAILED", "Bedrock failed.", invocation_id=identity))
    said = caller.run(*WORDS)
    assert (said.status, said.err) == (1, "Error: MODEL_FAILED: Bedrock failed.\n")
    assert len(told.asked) == 1


def test_who_leaves_hangs_up(
    caller: Caller,
    told: Contract,
    api_url: str,
    caller_environment: dict[str, str],
) -> None:
    told.hold = threading.Event()
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *WORDS, "--json"],
        cwd=PROJECT,
        env={
            **caller_environment,
            "PATH": os.defpath,
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
            "TRADEWIND_API_URL": api_url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        identity = json.loads(process.stdout.readline())["data"]["id"]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
    assert process.returncode == 130
    assert f"stops at its next step. `tradewind status {identity}` says how" in said
    assert told.hung_up.wait(120)
    said_later = caller.run("status", identity)
    assert "CANCELLED" in said_later.err
