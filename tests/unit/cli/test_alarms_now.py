"""Red alarms are shown as a person reads them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cli.alarms_now import RedAlarm, red_alarms, show
from cli.errors import CommandError

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


def red(since: datetime, symptom: str | None = "errors") -> RedAlarm:
    return RedAlarm(
        name="tradewind-prod-terrain-errors",
        symptom=symptom,
        agent="terrain",
        urgency="page",
        since=since,
        means="Too many fail.",
        runbook="docs/runbooks/errors.md" if symptom else None,
        graph="./tradewind dashboard",
        requests="./tradewind logs terrain --alarm errors" if symptom else None,
        lines="./tradewind logs terrain --request REQUEST_ID" if symptom else None,
    )


def test_an_alarm_is_shown_with_what_to_do_in_the_runbooks_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([red(NOW - timedelta(hours=2, minutes=5))], NOW)
    assert capsys.readouterr().out.splitlines() == [
        "tradewind-prod-terrain-errors  page, for 2 h 5 min, since 2026-11-27 00:55 UTC",
        "  Too many fail.",
        "  Runbook   docs/runbooks/errors.md",
        "  Graph     ./tradewind dashboard",
        "  Requests  ./tradewind logs terrain --alarm errors",
        "  Lines     ./tradewind logs terrain --request REQUEST_ID",
    ]


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=-3), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(days=6, hours=5), "6 days"),
    ],
)
def test_how_long_it_has_been_red(
    capsys: pytest.CaptureFixture[str], length: timedelta, shown: str
) -> None:
    show([red(NOW - length)], NOW)
    assert f"for {shown}, since " in capsys.readouterr().out


def test_an_alarm_that_is_not_this_apps_has_no_runbook(capsys: pytest.CaptureFixture[str]) -> None:
    show([red(NOW, None)], NOW)
    out = capsys.readouterr().out
    assert "Graph" in out
    assert "Runbook" not in out
    assert "Requests" not in out


class CloudWatch:
    """boto3's client, which has these pages of alarms, or fails."""

    def __init__(self, pages: Iterable[list[dict[str, Any]]], error: Exception | None = None):
        self._pages, self._error = pages, error

    def get_paginator(self, _name: str) -> "CloudWatch":
        return self

    def paginate(self, **_asked: Any) -> Iterator[dict[str, Any]]:
        for page in self._pages:
            yield {"MetricAlarms": page, "CompositeAlarms": []}
        if self._error is not None:
            raise self._error


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for the red alarms of prod in a region."""

    def run(pages: Iterable[list[dict[str, Any]]], error: Exception | None = None) -> Any:
        client = CloudWatch(pages, error)
        monkeypatch.setattr("cli.alarms_now.boto3.client", lambda *_, **__: client)
        return red_alarms("prod", "eu-central-1")

    return run


def alarm(name: str, description: str) -> dict[str, Any]:
    return {
        "AlarmName": f"tradewind-prod-{name}",
        "AlarmDescription": description,
        "StateTransitionedTimestamp": NOW,
    }


@pytest.mark.parametrize("agent", ["x; rm -rf ~ #", "--help", "$(id)", "`id`", "a b", "Ünwell"])
def test_whoever_may_put_an_alarm_puts_nothing_into_a_command(asked: Any, agent: str) -> None:
    [found] = asked([[alarm(f"{agent}-errors", "It fails. Runbook: docs/runbooks/errors.md")]])
    assert found.agent is None
    assert found.requests.startswith("./tradewind logs AGENT --alarm errors --since ")
    assert found.lines.startswith("./tradewind logs AGENT --request REQUEST_ID --since ")
    # A link ends where a terminal sees a space.
    assert not set(found.graph) & set(" `;$()Ü")


def test_what_an_alarm_is_called_and_says_does_not_move_the_cursor(
    asked: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "It \a fails.\nRunbook: \adocs/runbooks/errors.md"
    show(asked([[alarm("terrain\a-errors", hostile)]]), NOW)
    assert "\a" not in capsys.readouterr().out


def test_hundreds_of_alarms_are_all_told(asked: Any) -> None:
    pages = [
        [alarm(f"a{page}{number}-errors", "Runbook: x/errors.md") for number in range(100)]
        for page in range(3)
    ]
    assert len({one.name for one in asked(pages)}) == 300
    assert asked([]) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms"),
            "AccessDenied",
        ),
        (EndpointConnectionError(endpoint_url="https://monitoring.x/"), "Is the region right"),
    ],
)
def test_half_a_list_is_none(asked: Any, error: Exception, words: str) -> None:
    with pytest.raises(CommandError, match="The alarms of prod cannot be looked up") as raised:
        asked([[alarm("terrain-errors", "Runbook: x/errors.md")]], error)
    assert words in str(raised.value)
