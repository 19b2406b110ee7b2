"""Metrics come out of log lines as the Embedded Metric Format says, or not at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.emf import UNITS, Datum, EmfError, extract, read
from devtools.cloudwatch.series import MAX_VALUE, Sample

AT = 1_700_000_000.5
DAY = 86_400
CART = (("Agent", "cart"),)


def line(
    metrics: Any = ({"Name": "Sold", "Unit": "Count"},),
    dimensions: Any = (("Agent",),),
    namespace: Any = "Shop",
    timestamp: Any = int(AT * 1000),
    **members: Any,
) -> str:
    directive = {"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics}
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, **{"Agent": "cart", "Sold": 1, **members}})


def test_a_number() -> None:
    assert read(line(Sold=3)) == [Datum("Shop", "Sold", CART, "Count", Sample(AT, (3,), (1,)))]


def test_an_array_is_as_many_values() -> None:
    (datum,) = read(line(Sold=[3, 5, 3.5]))
    assert datum.sample.values == (3, 5, 3.5)
    assert datum.sample.counts == (1, 1, 1)


def test_an_empty_array_is_no_value() -> None:
    assert read(line(Sold=[])) == []


def test_each_dimension_set_is_a_metric_of_its_own() -> None:
    found = read(line(dimensions=[["Agent"], ["Env", "Agent"], []], Env="t"))
    assert [datum.dimensions for datum in found] == [CART, (*CART, ("Env", "t")), ()]


def test_a_metric_without_a_unit_has_none() -> None:
    (datum,) = read(line(metrics=[{"Name": "Sold"}]))
    assert datum.unit == "None"


def test_the_units_are_cloudwatchs() -> None:
    assert {"Count", "Count/Second", "Megabytes", "Terabits/Second", "None"} < UNITS
    assert len(UNITS) == 27


def test_several_directives_and_metrics() -> None:
    message = json.loads(line([{"Name": "Sold"}, {"Name": "Lost"}], Lost=2))
    message["_aws"]["CloudWatchMetrics"].append(
        {"Namespace": "Other", "Dimensions": [[]], "Metrics": [{"Name": "Sold"}]}
    )
    found = [(datum.namespace, datum.name) for datum in read(json.dumps(message))]
    assert found == [("Shop", "Sold"), ("Shop", "Lost"), ("Other", "Sold")]


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1",
        '["_aws"]',
        '{"_aws": 3}',
        '{"_aws": {"Timestamp": 1}}',
        '{"message": "\\"_aws\\""}',
        "[" * 100_000 + '"_aws"',
    ],
)
def test_what_is_not_in_the_format_is_no_metric(message: str) -> None:
    assert read(message) == []


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ('{"_aws": ', "no JSON"),
        ('{"_aws"' + "[" * 100_000, "no JSON"),
        (line(Sold=float("nan")), "NaN is no JSON"),
        (line(Sold=float("-inf")), "-Infinity is no JSON"),
        # Anywhere in the line, and with it go the metrics that are well.
        (line(other={"deep": [float("inf")]}), "Infinity is no JSON"),
        (line()[:-1] + ', "Sold": 2}', "twice"),
        (line(text="x" * 2**20), "1 MB"),
        (line(timestamp="now"), "Timestamp"),
        (line(timestamp=1.7e12), "Timestamp"),
        (line(timestamp=True), "Timestamp"),
        (line(timestamp=None), "Timestamp"),
        (line(namespace=None), "Namespace"),
        (line(namespace=""), "Namespace"),
        (line(namespace="AWS/Lambda"), "Namespace"),
        (line(namespace=":Shop"), "Namespace"),
        (line(namespace="Sh*p"), "Namespace"),
        (line(namespace="S" * 256), "Namespace"),
        (line(dimensions=None), "Dimensions"),
        (line(dimensions=[]), "Dimensions"),
        (line(dimensions="Agent"), "Dimensions"),
        (line(dimensions=["Agent"]), "set of dimensions"),
        (line(dimensions=[[f"D{at}" for at in range(31)]]), "at most 30"),
        (line(dimensions=[["Agent", 3]]), "dimension's name"),
        (line(dimensions=[[":Agent"]]), "dimension's name"),
        (line(dimensions=[["D" * 251]]), "dimension's name"),
        (line(dimensions=[["Env"], ["Agent"]]), "Env has no value"),
        (line(Agent=""), "Agent has no value"),
        (line(Agent="  "), "Agent has no value"),
        (line(Agent=["cart"]), "Agent has no value"),
        (line(Agent="ça"), "Agent has no value"),
        (line(Agent="a\nb"), "Agent has no value"),
        (line(Agent="c" * 1025), "Agent has no value"),
        (line(metrics=None), "Metrics"),
        (line(metrics=["Sold"]), "Metrics"),
        (line(metrics=[{"Name": "Sold"}] * 101), "more than 100 metrics"),
        (line(metrics=[{"Name": ["Sold"]}]), "Name"),
        (line(metrics=[{"Name": "S" * 256}]), "Name"),
        (line(metrics=[{"Name": "Sold", "Unit": "Pieces"}]), "Unit of Sold"),
        (line(metrics=[{"Name": "Sold", "Unit": "count"}]), "Unit of Sold"),
        (line(metrics=[{"Name": "Sold", "StorageResolution": 5}]), "StorageResolution"),
        (line(metrics=[{"Name": "Sold"}, {"Name": "Lost"}]), "Lost has no value"),
        (line(Sold="3"), "value of Sold"),
        (line(Sold=True), "value of Sold"),
        (line(Sold=None), "value of Sold"),
        (line(Sold={"a": 1}), "value of Sold"),
        (line(Sold=[1, None]), "value of Sold"),
        (line(Sold=[1] * 101), "more than 100 values"),
        (line(Sold=2 * MAX_VALUE), "value of Sold"),
        (line(Sold=10**400), "value of Sold"),
        (line().replace('"Sold": 1', '"Sold": 1e999'), "value of Sold"),
    ],
)
def test_what_breaks_a_rule_voids_its_line(message: str, problem: str) -> None:
    with pytest.raises(EmfError, match=problem):
        read(message)
    assert extract(message) == []


def test_the_limits_are_within() -> None:
    names = [f"D{at}" for at in range(30)]
    message = line(
        metrics=[{"Name": "S" * 255, "StorageResolution": 1}],
        dimensions=[names, ["D" * 250]],
        namespace="a.B-c_D/1#: x",
        **{"S" * 255: [MAX_VALUE] * 100, "D" * 250: "v" * 1024, **dict.fromkeys(names, "v")},
    )
    assert [len(datum.dimensions) for datum in read(message)] == [30, 1]


@pytest.mark.parametrize(
    ("logged_at", "taken"),
    [
        (AT, True),
        (AT + 14 * DAY, True),
        (AT + 14 * DAY + 1, False),
        (AT - 7200, True),
        (AT - 7201, False),
    ],
)
def test_a_time_stamp_is_of_the_last_two_weeks_or_the_next_two_hours(
    logged_at: float, taken: bool
) -> None:
    assert bool(extract(line(), logged_at)) is taken


@given(st.lists(st.floats() | st.integers() | st.text() | st.none(), max_size=6))
def test_whatever_the_values_only_finite_numbers_come_out(values: list[Any]) -> None:
    for datum in extract(line(Sold=values)):
        assert len(datum.sample.values) == len(values)
        assert all(abs(value) <= MAX_VALUE for value in datum.sample.values)
