"""Queries give what Logs Insights gives, or say that they are not evaluated here."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.dashboard.insights import LogEvent, NotEvaluated, QueryRefused, Table, run

DONE: list[dict[str, Any]] = [
    {"message": "done", "id": "a", "ms": 120, "outcome": "ok", "cold": True, "at": {"stage": 1}},
    {"message": "done", "id": "b", "ms": 900, "outcome": "failed", "cold": False, "code": "E1"},
    {"message": "done", "id": "c", "ms": 300, "outcome": "ok", "cold": False},
    {"message": "started", "id": "d", "ids": ["one", "two"]},
]
EVENTS = [
    LogEvent(600.0 + 200 * index, "/shop", "stream", json.dumps(message))
    for index, message in enumerate(DONE)
] + [LogEvent(650.0, "/shop", "stream", "REPORT RequestId: 77 Duration: 12.5 ms")]


def answer(query: str) -> list[tuple[Any, ...]]:
    return list(run(query, EVENTS).rows)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('fields id | filter message = "done" | sort ms desc', [("b",), ("c",), ("a",)]),
        ("fields id, ms | sort ms | limit 2", [("a", 120.0), ("c", 300.0)]),
        ("fields id | filter ms > 200 and outcome = 'ok'", [("c",)]),
        ("fields id | filter not ispresent(ms) and ispresent(id)", [("d",)]),
        ('fields id | filter outcome != "ok" and ispresent(outcome)', [("b",)]),
        ('fields id | filter id in ["a", "d"]', [("a",), ("d",)]),
        ('fields id | filter id not in ["a", "d"] and ispresent(id)', [("b",), ("c",)]),
        ("fields id | filter @message like /fail|start/", [("b",), ("d",)]),
        ("fields id | filter outcome like 'fail'", [("b",)]),
        ("fields id | filter outcome not like 'fail' and ispresent(ms)", [("a",), ("c",)]),
        ("fields id | filter cold = 1", [("a",)]),
        ("fields id | filter cold = true", [("a",)]),
        ("fields at.stage as stage | filter ispresent(at.stage)", [(1.0,)]),
        ("fields ms / 1000 as s | filter ms > 500", [(0.9,)]),
        ("fields ms / 0 as s | filter ms > 500", [(None,)]),
        ("fields coalesce(code, outcome, '-') as c | limit 3", [("ok",), ("E1",), ("ok",)]),
        ("# a comment\nfields id\n| limit 1", [("a",)]),
        (f"fields id | filter ispresent(code) | limit {'9' * 400}", [("b",)]),
        ("filter ms > 0 | stats count(*), avg(ms), max(ms)", [(3.0, 440.0, 900.0)]),
        ("filter ms > 0 | stats pct(ms, 50) as p50, count(code)", [(300.0, 1.0)]),
        (
            "filter ms > 0 | stats count(*) as n by outcome | sort n desc",
            [("ok", 2.0), ("failed", 1.0)],
        ),
        (
            "filter ms > 0 | stats sum(ms) as total by bin(5m)",
            [(600_000.0, 1020.0), (900_000.0, 300.0)],
        ),
        ("filter ms > 0 | stats count_distinct(outcome)", [(2.0,)]),
        ("filter ms > 0 | stats latest(id), earliest(id)", [("c", "a")]),
        ("stats avg(nothing)", [(None,)]),
        ("filter ms > 0 | stats 100 * sum(cold) / count(*) as share", [(100 / 3,)]),
        ("filter ms > 0 | stats (max(ms) - min(ms)) / 60 as minutes", [(13.0,)]),
        ("stats sum(nothing) / count(*) as share", [(None,)]),
        ("stats count(*) / count(code) as n by outcome | filter n = 1", [("failed", 1.0)]),
        (
            "filter ms > 0 | stats sum(ms) as total by bin(5m) as t | stats max(total) as most",
            [(1020.0,)],
        ),
        ("filter ms > 0 | stats count(*) by bin(1hour)", [(0.0, 3.0)]),
        ("filter ms > 0 | stats count(*) by bin(10mins) as t | sort t", [(600_000.0, 3.0)]),
        ("fields ids.0 | filter ispresent(ids.1)", [("one",)]),
        (
            'parse @message "Duration: * ms" as took | filter ispresent(took) | display took',
            [("12.5",)],
        ),
        (
            "filter @message like /REPORT/ | parse @message /RequestId: (?<request>\\d+)/"
            " | fields request",
            [("77",)],
        ),
        ("fields outcome | filter ispresent(ms) | dedup outcome", [("ok",), ("failed",)]),
        ("fields id | sort id | dedup code", [("a",), ("b",), ("c",), ("d",), (None,)]),
    ],
)
def test_answers(query: str, rows: list[tuple[Any, ...]]) -> None:
    assert answer(query) == rows


def test_without_fields_time_and_message_are_shown() -> None:
    assert run("limit 1", EVENTS).columns == ("@timestamp", "@message")
    assert answer("limit 1")[0][0] == 600_000.0


def test_columns_say_what_is_group_and_what_is_number() -> None:
    table = run("stats count(*), max(ms) as slowest by outcome, bin(1h)", EVENTS)
    assert table.columns == ("outcome", "bin(1h)", "count(*)", "slowest")
    assert table.grouped == 2


def test_rows_without_the_sorted_field_come_last_both_ways() -> None:
    for direction in ("asc", "desc"):
        assert answer(f"fields id, ms | sort ms {direction}")[-1][1] is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("unmask @message", "'unmask'"),
        ("stats stddev(ms)", "stddev()"),
        ("fields fromMillis(ms)", "frommillis()"),
        ("filter ms >", "'the end'"),
        ("filter (ms > 3", "')'"),
        ("fields id | filter @message like /(/", "regular expression"),
        ("fields id ~ 3", "cannot be read"),
        ("stats count(*) by bin(5)", "duration"),
        ("stats count(*) by bin(0m)", "above 0"),
        ("limit many", "a number"),
        ('parse @message "a * b *" as one', "as many fields"),
        ("fields id id", "'|'"),
        ("fields tolower()", "tolower() takes an argument"),
        ("stats count(*) by bin(1y)", "the calendar"),
        ("filter " + "(" * 10_000, "nests too deep"),
        ("filter ms = 1" + " + 1" * 10_000, "nests too deep"),
    ],
)
def test_what_is_not_evaluated_is_said(query: str, words: str) -> None:
    with pytest.raises(NotEvaluated) as refusal:
        run(query, EVENTS)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("frobnicate id", "no command 'frobnicate'"),
        ("fields shout(id)", "no function shout()"),
        ("stats mode(ms)", "no statistic mode()"),
        ("stats ms", "'('"),
        ("stats pct(ms, x)", "a number of percent"),
        ("stats count(*) by bin(5)", "duration"),
        ("stats count(*) by bin(5fortnights)", "'fortnights' is no unit"),
        ("fields id | dedup id | filter ms > 1", "only limit"),
        ("stats count(*) as a | stats sum(a) as b | stats sum(b)", "at most 2 stats"),
        ("stats count(*) as a by id | sort a | stats sum(a)", "sort comes after"),
        ("stats count(*) as a by id | limit 3 | stats sum(a)", "limit comes after"),
        ("stats count(*) as a by id | stats sum(ms)", "no ms"),
        ("stats count(*) as a by id | stats sum(a) by bin(5m)", "no @timestamp"),
        ("stats count(*) as a by id | filter outcome = 'ok'", "no outcome"),
        ("stats count(*) as a by id | sort @timestamp", "no @timestamp"),
        ("filter ms >", "'the end'"),
        ("filter (ms > 3", "')'"),
        ("limit many", "a number"),
    ],
)
def test_what_logs_insights_refuses_is_told_from_what_is_not_evaluated(
    query: str, words: str
) -> None:
    with pytest.raises(QueryRefused) as refusal:
        run(query, EVENTS)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "query",
    ["unmask @message", "stats stddev(ms)", "fields fromMillis(ms)", "stats max(ms) by bin(1mo)"],
)
def test_what_is_only_not_evaluated_here_is_not_refused(query: str) -> None:
    with pytest.raises(NotEvaluated) as refusal:
        run(query, EVENTS)
    assert not isinstance(refusal.value, QueryRefused)


def test_the_answer_says_which_groups_are_times_and_how_long() -> None:
    table = run("stats count(*) by outcome, bin(5m) as t, bin(1h)", EVENTS)
    assert table.bins == (None, 300.0, 3600.0)
    assert run("fields id", EVENTS).bins == ()


@given(st.text(alphabet="fields|stat@(){}[]'\"/*,.= 0159mk\n", max_size=40))
def test_any_text_is_evaluated_or_refused(query: str) -> None:
    with contextlib.suppress(NotEvaluated):
        assert isinstance(run(query, EVENTS), Table)


def test_messages_that_are_no_json_objects_are_events_all_the_same() -> None:
    strange = ["[1, 2]", "{", "{" * 100_000, '{"a": [1, {"b": null}]}', ""]
    events = [LogEvent(1.0, "/shop", "s", message) for message in strange]
    assert len(run("fields @message", events).rows) == len(strange)
    assert run("fields a.0 | filter ispresent(a.0)", events).rows == ((1.0,),)
