"""``tradewind invoke`` says what happened once, and by its status."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest

from cli import __main__ as command
from cli import cloud
from cli.invoke import Invocation
from stacks.names import agent_arn_output
from tests.deployed_agents import FIRST

ANSWER: dict[str, Any] = {
    "success": True,
    "response": "Windy.",
    "artifacts": [{"key": "terrain/project-1/request-1-0123456789ab-1/site.geojson"}],
    "project_id": "project-1",
    "request_id": "request-1",
    "error": None,
}
FAILURE = {
    **ANSWER,
    "success": False,
    "response": "",
    "artifacts": [],
    "error": {"code": "INVALID_REQUEST", "message": "latitude is missing"},
}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A deployment whose agents give the answer under ``answer``, and keep what they are sent."""
    shared: dict[str, Any] = {"answer": ANSWER}

    def invoke(_client: Any, _arn: str, event: dict[str, Any]) -> Invocation:
        shared["event"] = event
        return Invocation(shared["answer"], 1.0)

    outputs = {agent_arn_output(FIRST): "arn"}
    monkeypatch.setattr(cloud, "deployed_outputs", lambda _cloud: (None, outputs))
    monkeypatch.setattr(cloud, "point_boto3_at", lambda _running: None)
    monkeypatch.setattr("cli.invoke.invoke", invoke)
    monkeypatch.setattr("cli.invoke.lambda_client", lambda: None)
    return shared


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command as a shell does; returns its exit status."""
    monkeypatch.setattr("sys.argv", ["tradewind", "invoke", FIRST, *arguments])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        command.main()
    return int(end.value.code or 0)


def test_an_answer_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "How windy is it?") == 0
    assert capsys.readouterr().out == (
        "Windy.\n\nproject project-1, request request-1\n"
        "  terrain/project-1/request-1-0123456789ab-1/site.geojson\n"
    )


def test_a_failure_says_its_message_once(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    deployed: dict[str, Any],
) -> None:
    deployed["answer"] = FAILURE
    assert run(monkeypatch, "How windy is it?") == 1
    printed = capsys.readouterr()
    assert printed.out == "project project-1, request request-1\n"
    assert printed.err == "Error: INVALID_REQUEST: latitude is missing\n"


def test_a_failure_as_json_is_json_alone(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    deployed: dict[str, Any],
) -> None:
    deployed["answer"] = FAILURE
    assert run(monkeypatch, "How windy is it?", "--json") == 1
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == (FAILURE, "")


def test_a_file_in_place_of_a_query_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    deployed: dict[str, Any],
    tmp_path: Path,
) -> None:
    (tmp_path / "request.txt").write_text('{"query": "hello"}')
    for name in ("no-such-request.json", str(tmp_path / "request.txt")):
        assert run(monkeypatch, name) == 2
        assert f"names a file: give it as --request {name}" in capsys.readouterr().err
    assert "event" not in deployed


@pytest.mark.parametrize("query", ["windy", "x" * 5000, "Read request.json", "a\0b"])
def test_a_query_is_a_query(
    monkeypatch: pytest.MonkeyPatch, deployed: dict[str, Any], query: str
) -> None:
    assert run(monkeypatch, query) == 0
    assert deployed["event"] == {"query": query, "request_id": ANY}


def test_what_nobody_foresaw_is_a_line_and_a_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fails(_cloud: Any) -> None:
        raise OSError(28, "No space left on device", "outputs.json")

    monkeypatch.setattr(cloud, "deployed_outputs", fails)
    monkeypatch.setattr(command, "BUILD", tmp_path)
    assert run(monkeypatch, "hello") == 1
    file = tmp_path / "tradewind-error.txt"
    assert capsys.readouterr().err == (
        "Error: OSError: [Errno 28] No space left on device: 'outputs.json' "
        f"(Where it came from is in {file})\n"
    )
    assert "in fails" in file.read_text()


def test_where_no_file_can_be_written_the_traceback_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fails(_cloud: Any) -> None:
        raise OSError("no space")

    (tmp_path / "file").touch()
    monkeypatch.setattr(cloud, "deployed_outputs", fails)
    monkeypatch.setattr(command, "BUILD", tmp_path / "file" / "below")
    assert run(monkeypatch, "hello") == 1
    said = capsys.readouterr().err
    assert "in fails" in said
    assert said.splitlines()[-1] == "Error: OSError: no space (Where it came from is above.)"


def test_every_command_that_prints_has_json() -> None:
    def commands(group: Any) -> list[Any]:
        found = []
        for one in group.commands.values():
            found += commands(one) if hasattr(one, "commands") else [one]
        return found

    without = [
        one.name
        for one in commands(command.tradewind)
        if not any("--json" in parameter.opts for parameter in one.params)
    ]
    assert without == []


def test_who_leaves_is_told_how_to_fetch_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sent: dict[str, Any] = {}

    def leave(_client: Any, _arn: str, event: dict[str, Any]) -> Invocation:
        sent.update(event)
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.invoke.invoke", leave)
    assert run(monkeypatch, "How windy is it?") == 130
    first = sent["request_id"]
    assert f"`tradewind answer {FIRST} {first}` fetches its answer" in capsys.readouterr().err
    assert run(monkeypatch, "How windy is it?") == 130
    assert sent["request_id"] != first  # another request, not a repeat
    mine = tmp_path / "request.json"
    mine.write_text('{"query": "x", "request_id": "order-17", "owner": "ada"}')
    capsys.readouterr()
    assert run(monkeypatch, "--request", str(mine)) == 130
    assert f"`tradewind answer {FIRST} order-17 --owner ada`" in capsys.readouterr().err


def test_a_files_text_is_sent_as_a_parameter(
    monkeypatch: pytest.MonkeyPatch, deployed: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "mast.csv").write_bytes("time,speed\r\n2024-01-01,5\u00b0".encode())
    request = tmp_path / "request.json"
    request.write_text('{"query": "Use it", "parameters": {"sectors": 8}}')

    sent = ("--request", str(request), "--file", f"wind_file={tmp_path / 'mast.csv'}")
    assert run(monkeypatch, *sent) == 0
    assert deployed["event"]["parameters"] == {
        "sectors": 8,
        "wind_file": "time,speed\n2024-01-01,5\u00b0",
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["mast.csv"], "give NAME=PATH"),
        (["wind_file=no-such.csv"], "no-such.csv cannot be read"),
        (["a=-", "a=-"], "a is given twice"),
    ],
)
def test_a_file_that_cannot_be_sent_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    deployed: dict[str, Any],
    files: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"text")))
    options = [word for one in files for word in ("--file", one)]
    assert run(monkeypatch, "Use it", *options) == 2
    assert message in capsys.readouterr().err
    assert "event" not in deployed
