"""Secrets and personal data, on their way into a tool and out of it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from tradewind.telemetry.workflow_redaction import HIDDEN as MARK
from tradewind.workflow.engine.errors import AgentFailed, InvalidRun
from tradewind.workflow.spec.model import Env
from tradewind.workflow_agents.tools.redaction import Redactor
from tradewind.workflow_agents.tools.secret_values import Secrets
from tradewind.workflow_agents.tools.tool import Calls, ToolRefused

ENV = Env.model_validate({"secrets": [{"key": "MY_KEY", "source": "env", "name": "alias"}]})
ENVIRON = {"MY_KEY": 'hunter"22', "OTHER": "plain-value", "X_API_KEY": "from-somewhere"}
SCHEMA = {"properties": {"text": {"type": "string"}}, "type": "object"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Bearer ${MY_KEY}", 'Bearer hunter"22'),
        ("${alias}", 'hunter"22'),
        ("${OTHER}/${OTHER}", "plain-value/plain-value"),
        ("$MY_KEY ${} {x}", None),
        ("nothing", "nothing"),
    ],
)
def test_headers_are_filled(text: str, filled: str | None) -> None:
    secrets = Secrets(ENV, ENVIRON)
    if filled is None:
        with pytest.raises(InvalidRun):
            secrets.filled(text, "here")
    else:
        assert secrets.filled(text, "here") == filled


@pytest.mark.parametrize("environ", [{}, {"MY_KEY": ""}, {"MY_KEY": "a\r\nb"}])
def test_a_missing_or_broken_value_is_told_by_its_name_alone(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidRun, match=r"the header X: .*MY_KEY") as told:
        Secrets(ENV, environ).filled("${alias}", "the header X")
    assert "\r" not in str(told.value)


def test_secrets_are_hidden_however_they_are_spelled() -> None:
    secrets = Secrets(ENV, ENVIRON)
    for spelled in ('hunter"22', 'hunter\\"22', "hunter%2222", "from-somewhere"):
        assert secrets.hide(f"a {spelled} b") == f"a {MARK} b"
    assert secrets.hide("plain-value") == "plain-value"
    secrets.filled("${OTHER}", "here")
    assert secrets.hide("plain-value") == MARK


@pytest.mark.parametrize(
    "personal",
    [
        *("ann@example.com", "4111 1111 1111 1111", "4111111111111111", "123-45-6789"),
        *("+49 30 1234567", "(030) 123 45 67", "a1" * 20, "sk-abcdefghijklmnop", "ticket-77"),
    ],
)
def test_personal_data_goes(personal: str) -> None:
    told = Redactor([r"ticket-\d+"]).text(f"It is {personal}, they say.")
    assert personal not in told
    assert MARK in told
    assert told.startswith("It is ")


def test_other_words_and_numbers_stay() -> None:
    text = "On 2026-11-26 the farm at 54.5,7.25 gave 1234567 kWh; see wind-farm.yaml."
    assert Redactor().text(text) == text
    assert Redactor().values({"a@example.com": ["b@example.com", 5, None, {"c": "d"}]}) == {
        "a@example.com": [MARK, 5, None, {"c": "d"}]
    }


def test_a_pattern_that_takes_for_ever_hides_everything() -> None:
    assert Redactor([r"(a|aa)+$|(?:x+x+)+y"]).text("a" * 5000 + "x" * 5000 + "b") == MARK


async def echo(given: Mapping[str, Any]) -> str:
    return f"got {given['text']}"


def made(calls: Calls, given: Any, work: Any = echo) -> tuple[str, bool]:
    return asyncio.run(calls.make("echo", SCHEMA, given, "steps/0", work))


@pytest.mark.parametrize(
    "given",
    [{"other": 1}, {"text": 5}, {"text": "a", "other": 1}, "text", None, [], {"text": None}],
)
def test_arguments_that_do_not_fit_are_refused(given: Any) -> None:
    text, failed = made(Calls(Secrets(ENV, {})), given)
    assert failed
    assert "was not run" in text


def test_no_result_shows_a_secret() -> None:
    calls = Calls(Secrets(ENV, ENVIRON))
    assert made(calls, {"text": 'hunter"22'}) == (f"got {MARK}", False)

    async def refuse(_given: Mapping[str, Any]) -> str:
        raise ToolRefused("no: from-somewhere")

    assert made(calls, {"text": ""}, refuse) == (f"no: {MARK}", True)


def test_where_the_file_forbids_it_personal_data_goes_in_and_out() -> None:
    seen = []

    async def lookup(given: Mapping[str, Any]) -> str:
        seen.append(given["text"])
        return "bob@example.com"

    calls = Calls(Secrets(ENV, {}), Redactor())
    assert made(calls, {"text": "ann@example.com"}, lookup) == (MARK, False)
    assert seen == [MARK]
    open_calls = Calls(Secrets(ENV, {}))
    assert made(open_calls, {"text": "ann@example.com"}) == ("got ann@example.com", False)


def test_long_results_are_cut() -> None:
    async def much(_given: Mapping[str, Any]) -> str:
        return "x" * 1_000_000

    text, failed = made(Calls(Secrets(ENV, {})), {"text": ""}, much)
    assert not failed
    assert len(text) < 100_100
    assert "1,000,000 characters" in text


def test_what_a_defect_says_is_told_to_no_one(caplog: pytest.LogCaptureFixture) -> None:
    async def defect(given: Mapping[str, Any]) -> str:
        raise KeyError(f"private {given['text']}")

    with caplog.at_level(logging.DEBUG):
        text, failed = made(Calls(Secrets(ENV, {})), {"text": "words"}, defect)
    assert (text, failed) == ("echo failed unexpectedly.", True)
    assert "KeyError" in caplog.text
    assert "private" not in caplog.text


def test_a_server_that_is_gone_is_remembered() -> None:
    async def gone(_given: Mapping[str, Any]) -> str:
        raise AgentFailed("the server has ended")

    calls = Calls(Secrets(ENV, {}))
    assert made(calls, {"text": ""}, gone) == ("the server has ended", True)
    assert str(calls.failures["steps/0"]) == "the server has ended"
