"""``tradewind call`` asks once, however its answers are lost, and says in a line what failed."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.api_server import (
    REGION,
    Contract,
    answers,
    half,
    lost,
    refuses,
    silent,
)
from tests.integration.cli.conftest import Caller

SEEN = [("POST", "/agents/terrain/invocations")]


def only(contract: Contract) -> str:
    """The id of the one invocation there is, of which the model was asked once."""
    assert list(contract.asked.values()) == [1]
    return next(iter(contract.asked))


def test_an_answer_is_printed(caller: Caller, contract: Contract) -> None:
    said = caller.run("call", "terrain", "How windy is it?")
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        "You asked: How windy is it?\n\n"
        f"invocation {only(contract)}, project project-1\n"
        "  site.geojson\n"
        f"  `tradewind status {only(contract)} --json` has links to them.\n"
        "100 tokens in, 20 out, 0.0123 US$\n"
    )
    assert contract.heard == SEEN


def test_a_runtime_is_asked_under_its_own_path(caller: Caller, contract: Contract) -> None:
    said = caller.run("call", "--runtime", "onboarding", "How windy is it?")
    assert said.status == 0
    assert said.out.startswith("You asked: How windy is it?\n\ninvocation onboarding.")
    assert contract.heard == [("POST", "/runtimes/onboarding/invocations")]


def test_every_option_is_a_field(
    caller: Caller, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    (tmp_path / "request.json").write_text(
        '{"agent": "terrain", "query": "x", "parameters": {"a": 1}}'
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Wörter\n".encode())))
    said = caller.run(
        "call", "terrain", "Why?", "--session", "s-1", "--system", "Be brief.", "--context", "-",
        "--max-tokens", "10", "--temperature", "0", "--schema", str(tmp_path / "schema.json"),
        "--request", str(tmp_path / "request.json"), "--project-id", "project-7", "--json",
    )  # fmt: skip
    assert contract.bodies == [
        {
            "query": "Why?",
            "parameters": {"a": 1},
            "session_id": "s-1",
            "system_prompt": "Be brief.",
            "context": "Wörter\n",
            "max_tokens": 10,
            "temperature": 0.0,
            "output_schema": {"type": "object"},
            "project_id": "project-7",
        }
    ]
    assert said.status == 0
    assert json.loads(said.out)["result"]["output"] == {"answer": 42}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["call", "terrain"], "Give a QUERY"),
        (["call", "terrain", "x", "--async", "--stream"], "do not go together"),
        (["call", "terrain", "x", "--temperature", "nan"], "temperature must be a number"),
        (["call", "terrain", "x", "--max-tokens", "0"], "--max-tokens"),
        (["call", "terrain", "x", "--session", " "], "session_id is empty"),
        (["call", "terrain", "x\udcff"], "no text in UTF-8"),
        (["call", "../budget", "x"], "no agent's name"),
        (["call"], "Missing argument 'AGENT'"),
        (["call", "--runtime", "../budget", "x"], "no agent's name"),
        (["call", "terrain", "x", "--runtime", "onboarding"], "give the QUERY alone"),
        (["call", "terrain", "x", "--nonsense"], "No such option"),
        (["status", "../../budget"], "no invocation's id"),
        (["status", "--env", "prod"], "--env goes with ID"),
        (["conversations", "delete", ".."], "no session's id"),
    ],
)
def test_wrong_usage_sends_nothing(
    caller: Caller, contract: Contract, words: list[str], why: str
) -> None:
    said = caller.run(*words)
    assert said.status == 2
    assert why in said.err
    assert contract.heard == []


def test_a_request_to_another_agent_is_not_sent(
    caller: Caller, contract: Contract, tmp_path: Path
) -> None:
    (tmp_path / "request.json").write_text('{"agent": "layout", "query": "x"}')
    said = caller.run("call", "terrain", "--request", str(tmp_path / "request.json"))
    assert (said.status, "another agent than terrain" in said.err) == (2, True)
    assert contract.heard == []


def test_long_work_is_followed_to_its_end(caller: Caller, contract: Contract) -> None:
    contract.looks = 4
    said = caller.run("call", "terrain", "x")
    assert said.status == 0
    assert said.out.startswith("You asked: x\n")
    # What does not change is said once.
    assert said.err == "running: 2 model calls, 1 tool calls, the last find_land\n"
    looked = ("GET", f"/invocations/{only(contract)}")
    assert contract.heard == [*SEEN, *[looked] * 5]
    assert len(caller.pauses) == 5


def test_async_is_answered_at_once(caller: Caller, contract: Contract) -> None:
    contract.looks = 4
    said = caller.run("call", "terrain", "x", "--async")
    identity = only(contract)
    assert (said.status, caller.pauses) == (0, [])
    assert said.out == f"invocation {identity}\n`tradewind status {identity}` says how it goes.\n"
    assert contract.headers[-1]["prefer"] == "respond-async"
    assert json.loads(caller.run("call", "terrain", "x", "--async", "--json").out)["state"] == (
        "running"
    )


@pytest.mark.parametrize(
    "fault",
    [
        lost,
        half,
        answers(504, {"message": "Endpoint request timed out"}),
        answers(502, {"message": "Internal server error"}),
        answers(200, b"<html>Sign in</html>", kind="text/html"),
        refuses(503, "STORAGE_UNAVAILABLE", "The table cannot be reached."),
    ],
)
@pytest.mark.parametrize("looks", [0, 2])
def test_a_lost_answer_is_asked_for_again_and_the_model_is_not(
    caller: Caller, contract: Contract, fault: Any, looks: int
) -> None:
    contract.looks = looks
    contract.faults.extend([lost, fault])
    said = caller.run("call", "terrain", "x")
    assert said.status == 0, said.err
    only(contract)
    keys = {headers.get("idempotency-key") for headers in contract.headers[:3]}
    assert len(keys) == 1
    assert None not in keys


def test_lost_answers_end_in_a_line(caller: Caller, contract: Contract) -> None:
    contract.faults.extend([lost] * 5)
    said = caller.run("call", "terrain", "x")
    assert said.status == 3
    assert caller.pauses == [1, 2, 4, 8]
    assert said.err.splitlines()[-1] == (
        f"What was asked may be at work: `tradewind status {only(contract)}` says so."
    )
    assert caller.run("status", only(contract)).status == 0


def test_what_is_no_invocation_is_believed_to_be_none(caller: Caller, contract: Contract) -> None:
    contract.faults.append(answers(200, {"id": "terrain.k-1", "state": "splendid"}))
    said = caller.run("call", "terrain", "x")
    assert said.status == 3
    assert "its answer is no invocation" in said.err


def test_a_lost_look_is_repeated(caller: Caller, contract: Contract) -> None:
    contract.looks = 1
    contract.faults.extend([None, half, lost, lost])
    assert caller.run("call", "terrain", "x").status == 0
    only(contract)


def test_a_failure_of_the_agent_is_no_reason_to_ask_again(
    caller: Caller, contract: Contract
) -> None:
    contract.error = {"code": "MODEL_FAILED", "message": "Bedrock failed.", "field": None}
    contract.state = "failed"
    said = caller.run("call", "terrain", "x")
    identity = only(contract)
    assert said.status == 1
    assert said.err == "Error: MODEL_FAILED: Bedrock failed.\n"
    assert contract.heard == [*SEEN, ("GET", f"/invocations/{identity}")]
    said = caller.run("status", identity, "--json")
    assert (said.status, said.err) == (1, "")
    assert json.loads(said.out)["error"]["code"] == "MODEL_FAILED"


def test_load_is_waited_out_as_long_as_the_api_says(caller: Caller, contract: Contract) -> None:
    contract.faults.extend(
        [
            refuses(429, "AGENT_BUSY", "All are at work.", after=7, invocation_id="terrain.k-1"),
            answers(429, {"message": "Too Many Requests"}),
        ]
    )
    assert caller.run("call", "terrain", "x").status == 0
    assert caller.pauses == [7, 2]
    only(contract)


@pytest.mark.parametrize(
    ("fault", "words", "waits"),
    [
        (refuses(429, "AGENT_BUSY", "All are at work.", after=3600), "Ask again in 3600 s", []),
        (
            refuses(
                402,
                "BUDGET_EXCEEDED",
                "The budget is spent.",
                left_usd=0.01,
                resets_at="2026-11-27T00:00:00Z",
            ),
            "BUDGET_EXCEEDED: The budget is spent. (0.0100 US$ left, until 2026-11-27T00:00:00Z) "
            "`tradewind budget`",
            [],
        ),
        (
            refuses(429, "BUDGET_EXCEEDED", "Spent.", after=1),
            "BUDGET_EXCEEDED: Spent.",
            [],
        ),
        (answers(403, {"Message": "User: x is not authorized to perform"}), "execute-api:Inv", []),
        (answers(403, {"message": "Forbidden"}), "The API refused the request (403): Forb", []),
    ],
)
def test_a_refusal_has_a_status_of_its_own(
    caller: Caller, contract: Contract, fault: Any, words: str, waits: list[float]
) -> None:
    contract.faults.append(fault)
    said = caller.run("call", "terrain", "x")
    assert said.status == 5
    assert words in said.err
    assert said.err.count("\n") == 1
    assert caller.pauses == waits


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refuses(400, "INVALID_REQUEST", "is not a number", field="a.b"), "a.b: is not a number"),
        (refuses(404, "UNKNOWN_AGENT", "There is no such agent."), "UNKNOWN_AGENT: There is"),
        (answers(301, b"", headers={"Location": "https://elsewhere/"}), "leads elsewhere (301)"),
        (answers(400, b"\x1b[2Jbad\r\n\r\nworse"), "The API answered 400: [2Jbad worse.\n"),
    ],
)
def test_what_the_api_says_is_said(
    caller: Caller, contract: Contract, fault: Any, words: str
) -> None:
    contract.faults.append(fault)
    said = caller.run("call", "terrain", "x")
    assert said.status == 1
    assert words in said.err
    assert said.err.count("\n") == 1
    assert caller.pauses == []


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another", "The secret key does not belong to the access key"),
        ("AWS_ACCESS_KEY_ID", "AKIDNOBODY", "AWS does not know these credentials"),
        ("AWS_REGION", "us-west-2", "The API is in another region: set AWS_REGION"),
    ],
)
def test_a_refused_signature_is_explained(
    caller: Caller, contract: Contract, variable: str, value: str, words: str
) -> None:
    caller.patch.setenv(variable, value)
    said = caller.run("call", "terrain", "x")
    assert said.status == 5
    assert words in said.err
    assert contract.heard == []


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_of_the_regions_variables_is_enough(
    caller: Caller, contract: Contract, variable: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        caller.patch.delenv(name)
    said = caller.run("budget")
    assert (said.status, "AWS_REGION" in said.err) == (1, True)
    caller.patch.setenv(variable, REGION)
    assert caller.run("budget").status == 0
    assert contract.heard == [("GET", "/budget")]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AWS_SECRET_ACCESS_KEY", "y\udcff", (5, "characters that no key has")),
        ("AWS_ACCESS_KEY_ID", "a\nb", (5, "characters that no key has")),
        ("AWS_SESSION_TOKEN", "a\nX-One: b", (5, "characters that no key has")),
        ("AWS_REGION", "eu-west-1\nX-One: b", (1, "is no AWS region")),
        ("AWS_REGION", "eu west", (1, "is no AWS region")),
    ],
)
def test_what_cannot_be_signed_with_is_said_and_nothing_is_sent(
    caller: Caller, contract: Contract, variable: str, value: str, expected: tuple[int, str]
) -> None:
    status, words = expected
    caller.patch.setenv(variable, value)
    said = caller.run("budget")
    assert (said.status, said.err.count("\n")) == (status, 1)
    assert words in said.err
    assert contract.headers == []


def test_a_config_file_that_is_none_is_no_silent_api(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[broken")
    caller.patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    said = caller.run("budget")
    assert (said.status, "Unable to parse config file" in said.err) == (1, True)


def test_a_session_token_is_signed_too(
    caller: Caller, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract.keys["ASIAROLE"] = ("another secret", "a token")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAROLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token")
    assert caller.run("call", "terrain", "x").status == 0


def test_a_profile_is_used(
    caller: Caller, contract: Contract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contract.keys["AKIDPROFILE"] = ("profile secret", "")
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = profile secret\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = caller.run("call", "terrain", "x")
    assert (said.status, "There are no AWS credentials" in said.err) == (5, True)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert caller.run("call", "terrain", "x").status == 0
    monkeypatch.setenv("AWS_PROFILE", "play")
    said = caller.run("call", "terrain", "x")
    assert (said.status, "`aws configure list-profiles`" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://no-such-host.invalid/v1", "There is no host no-such-host.invalid"),
        ("https://127.0.0.1:1/v1", "127.0.0.1 takes no connection (ConnectionRefusedError"),
    ],
)
def test_nobody_there_is_said_at_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("TRADEWIND_API_URL", url)
    said = caller.run("call", "terrain", "x")
    assert said.status == 3
    assert words in said.err
    assert "may be at work" not in said.err
    assert caller.pauses == []


def test_a_stranger_is_not_spoken_to(
    caller: Caller, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    said = caller.run("call", "terrain", "x")
    assert said.status == 3
    assert "No secure connection to 127.0.0.1" in said.err
    assert "AWS_CA_BUNDLE" in said.err
    assert contract.heard == []


def test_silence_ends(
    caller: Caller,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
    released: threading.Event,
) -> None:
    monkeypatch.setattr("cli.api.connection._READ_S", 0.2)
    contract.faults.extend([silent(released)] * 5)
    said = caller.run("call", "terrain", "x")
    assert said.status == 3
    assert "127.0.0.1 fell silent." in said.err
    assert len(contract.heard) == 5


def test_who_leaves_is_told_how_to_come_back(
    caller: Caller, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_seconds: float) -> None:
        raise KeyboardInterrupt

    contract.looks = 3
    monkeypatch.setattr("cli.api.client.sleep", leave)
    said = caller.run("call", "terrain", "x")
    identity = only(contract)
    assert said.status == 130
    assert f"The agent goes on. `tradewind status {identity}` finds it again." in said.err
    # Also before there was any answer: the id follows from the key.
    contract.asked.clear()
    contract.invocations.clear()
    contract.faults.append(lost)
    said = caller.run("call", "terrain", "x")
    assert said.status == 130
    assert f"`tradewind status {only(contract)}` finds it again" in said.err


def test_what_waits_for_a_person_is_said_and_answered(caller: Caller, contract: Contract) -> None:
    contract.state = "waiting"
    said = caller.run("call", "terrain", "x")
    identity = only(contract)
    assert said.status == 4
    assert f'Which one?\n`tradewind reply {identity} "..."` goes on.' in said.err
    contract.faults += [None, lost]  # the look, and the answer
    said = caller.run("reply", identity, "The left one")
    # Said again it is known: it is the same question's.
    assert said.status == 0
    answer = ("POST", f"/invocations/{identity}/answer")
    assert contract.heard[-2:] == [answer, answer]
    assert contract.bodies[-1] == {"answer": "The left one", "question_id": "question-1"}
    assert "You asked: The left one" in caller.run("status", identity).out
    said = caller.run("reply", identity, "The right one")
    assert (said.status, "NOT_WAITING" in said.err) == (1, True)


def test_an_invocation_is_looked_at_and_cancelled(caller: Caller, contract: Contract) -> None:
    contract.looks = 2
    caller.run("call", "terrain", "x", "--async")
    identity = only(contract)
    said = caller.run("status", identity)
    assert said.status == 4
    assert said.out.splitlines()[-1].startswith("running: ")
    contract.faults.append(lost)
    assert caller.run("cancel", identity).out.startswith("It is being stopped.")
    contract.invocations[identity].looks = 0
    assert caller.run("cancel", identity).out == "It has ended: cancelled.\n"
    said = caller.run("status", identity)
    assert (said.status, "CANCELLED: The caller cancelled." in said.err) == (1, True)
    said = caller.run("status", "terrain.k-0")
    assert (said.status, "INVOCATION_NOT_FOUND" in said.err) == (1, True)


def test_models_conversations_and_budget(caller: Caller, contract: Contract) -> None:
    assert caller.run("models").out == "us.claude  Claude  (used)\nus.nova  Nova\n"
    turn = {
        "number": 1,
        "asked_at": "t",
        "query": "a\x1b[2J",
        "response": "b",
        "invocation_id": "i",
    }
    contract.sessions["s-1"] = {"id": "s-1", "agent": "terrain", "updated_at": "u", "turns": [turn]}
    assert caller.run("conversations", "show", "s-1").out == (
        "session s-1 with terrain, last turn u\n\n1. t  i\n> a[2J\nb\n"
    )
    assert caller.run("conversations", "delete", "s-1").out == "Deleted.\n"
    assert caller.run("conversations", "delete", "s-1").status == 1
    contract.budget = {"day": "2026-11-26", "limit_usd": 5, "reserved_usd": 0.5, "spent_usd": 1}
    contract.budget |= {"left_usd": 3.5, "resets_at": "2026-11-27T00:00:00Z"}
    assert caller.run("budget").out == (
        "2026-11-26: 1.0000 US$ spent, 0.5000 US$ reserved\n"
        "3.5000 US$ of 5.0000 US$ left until 2026-11-27T00:00:00Z\n"
    )
    contract.budget["limit_usd"] = None
    assert caller.run("budget").out.endswith("There is no limit.\n")
    for words in (["models"], ["budget"]):
        assert json.loads(caller.run(*words, "--json").out)
