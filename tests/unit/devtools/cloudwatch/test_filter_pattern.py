"""Metric filters' patterns match what CloudWatch Logs' user guide says they match."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.filter_pattern import (
    FilterPatternError,
    compile_pattern,
    matches,
    selectors_in,
    text,
    value,
)

TRAIL = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
    }
)
USERS = json.dumps(
    {
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3}],
        "actions": ["GET", "PUT", "DELETE"],
        "coordinates": [[0, 1, 2], [4, 5, 6]],
    }
)


def report(status: str, **record: Any) -> str:
    metrics = {"durationMs": 1234.5, "maxMemoryUsedMB": 200, **record.pop("metrics", {})}
    return json.dumps(
        {"type": "platform.report", "record": {"status": status, "metrics": metrics, **record}}
    )


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.eventType = "UpdateTrail" }',
        "{$.eventType=UpdateTrail}",
        "{ $.sourceIPAddress != 123.123.* }",
        '{ $.arrayKey[0] = "value" }',
        "{ $.objectList[1].id = 2 }",
        "{ $.SomeObject IS NULL }",
        "{ $.SomeOtherObject NOT EXISTS }",
        "{ $.ThisFlag IS TRUE }",
        '{ $.eventType = "*" }',
        "{ $.eventType = *Trail }",
        "{ $.eventType = Update* }",
        "{ $.eventType = *dateT* }",
        "{ $.eventType = %^Up[a-z]+Trail$% }",
        "{ $.eventType != %^Down% }",
    ],
)
def test_one_condition(pattern: str) -> None:
    assert matches(pattern, TRAIL)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.eventType = "updatetrail" }',
        "{ $.sourceIPAddress != 111.111.* }",
        '{ $.arrayKey[1] = "value" }',
        '{ $.eventType[0] = "U" }',
        "{ $.objectList[2].id = 2 }",
        "{ $.ThisFlag IS FALSE }",
        "{ $.SomeObject NOT EXISTS }",
        "{ $.SomeOtherObject IS NULL }",
        # An asterisk in the middle is an asterisk.
        "{ $.eventType = Up*Trail }",
        # What is there is neither a string nor a number.
        "{ $.arrayKey = value }",
        "{ $.arrayKey != value }",
        "{ $.SomeObject != value }",
        "{ $.ThisFlag = * }",
        "{ $.SomeOtherObject != value }",
    ],
)
def test_a_condition_that_fails(pattern: str) -> None:
    assert not matches(pattern, TRAIL)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        # && before ||.
        ("{ $.user.id = 1 || $.coordinates[0][1] = no && $.actions[2] = no }", True),
        ("{ ($.user.id = 1 || $.coordinates[0][1] = no) && $.actions[2] = no }", False),
    ],
)
def test_conditions_together(pattern: str, expected: bool) -> None:
    assert matches(pattern, USERS) is expected


@pytest.mark.parametrize(
    ("condition", "found", "expected"),
    [
        (">= 500", 500, True),
        ("> 500", 500, False),
        ("< 10e3", 9999.5, True),
        ("< 10e-3", 0.011, False),
        ("<= 55.5", 55.5, True),
        ("= 400", 400.0, True),
        ("!= 400", 400.0, False),
        ("> +1000", 1001, True),
        ("> -1", 0, True),
        # Strings are compared as texts, and have no order.
        ("= 400", "400", True),
        ("!= 400", "4e2", True),
        ("> 300", "400", False),
        # A number's own text, where a text is wanted.
        ("= 4*", 404, True),
        ('= "404"', 404, True),
    ],
)
def test_numbers(condition: str, found: float | str, expected: bool) -> None:
    assert matches(f"{{ $.latency {condition} }}", json.dumps({"latency": found})) is expected


def test_what_lambda_says_of_an_invocation() -> None:
    killed = report("error", errorType="Runtime.OutOfMemory")
    failed = '{ $.type = "platform.report" && $.record.status != "success" }'
    memory = '{ $.record.errorType = "Runtime.OutOfMemory" }'
    assert matches(failed, killed)
    assert matches(failed, report("timeout"))
    assert not matches(failed, report("success"))
    assert matches(memory, killed)
    assert not matches(memory, report("error"))
    assert value("$.record.metrics.durationMs", killed) == 1234.5
    assert value("$.record.metrics.restoreDurationMs", killed) is None


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "Exiting with ERRORCODE: -1", True),
        ("ERROR", "error", False),
        ("ERROR Exception", "[ERROR] Caught IllegalArgumentException", True),
        ("ERROR Exception", "[ERROR] nothing", False),
        ("ERROR -Exiting", "Exiting with ERRORCODE: -1", False),
        ('"Failed to process"', "[WARN] Failed to process it", True),
        ('"Failed to process"', "to process Failed", False),
        ("?ERROR ?WARN", "WARN message", True),
        ("?ERROR ?WARN", "INFO message", False),
        ("%[Ee]rror [0-9]+%", "an error 12", True),
        ('"say \\"no\\""', 'they say "no"', True),
        # A pattern for JSON matches JSON only.
        ("{ $.a NOT EXISTS }", "START RequestId: 1", False),
        ("{ $.a NOT EXISTS }", '["a"]', False),
        ("{ $.a NOT EXISTS }", '{"b": NaN}', False),
        ("{ $.a NOT EXISTS }", "{" * 100_000, False),
    ],
)
def test_messages(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ a = 1 }",
        "{ $.a }",
        "{ $.a == 1 }",
        "{ $.a = }",
        "{ $.a > big }",
        '{ $.a > "1" }',
        "{ $.a = 1 $.b = 1 }",
        "{ ($.a = 1 }",
        "{ $.a IS 1 }",
        "{ $.a EXISTS }",
        "{ $. = 1 }",
        "{ $[0] = 1 }",
        "{ $.a = a b }",
        "{ $.a = %(a)% }",
        "{ $.a = %[% }",
        "{ $.a = %a% || $.a = %b% || $.a = %c% }",
        "[ip, status=4*]",
        "say-no",
        "?ERROR WARN",
        "{ $.a = 1 || " + "x" * 1024 + " }",
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(FilterPatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("metric_value", "expected"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("$.took", 50),
        ("$.list[1]", 3),
        ("$.name", None),
        ("$.flag", None),
        ("$.huge", None),
        ("$.none", None),
    ],
)
def test_values(metric_value: str, expected: float | None) -> None:
    message = '{"took": 50, "list": [2, 3], "name": "7", "flag": true, "huge": 1e999}'
    assert value(metric_value, message) == expected


@pytest.mark.parametrize("metric_value", ["", "one", "$took", "$.took + 1", "took"])
def test_what_is_no_value(metric_value: str) -> None:
    with pytest.raises(FilterPatternError):
        value(metric_value, "{}")


def test_dimensions_take_texts() -> None:
    message = '{"agent": "cart", "code": 404, "flag": true}'
    found = [text(selector, message) for selector in ("$.agent", "$.code", "$.flag", "$.none")]
    assert found == ["cart", "404", None, None]


def test_selectors() -> None:
    pattern = '{ ($.type = "a" && $.record.metrics.durationMs = *) || $.list[0] NOT EXISTS }'
    assert selectors_in(pattern) == {"$.type", "$.record.metrics.durationMs", "$.list[0]"}
    assert selectors_in("ERROR") == frozenset()


@given(st.text(alphabet='{}()$.ab1="%*&|!<> NOTISEX?-[]\\', max_size=40))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except FilterPatternError:
        return
    assert compiled('{"a": 1}') in (True, False)
