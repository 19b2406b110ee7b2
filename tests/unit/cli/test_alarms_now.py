"""Red alarms are shown as a person reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.alarms_now import RedAlarm, show

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
