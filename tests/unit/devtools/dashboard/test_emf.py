"""Metrics come out of log lines as the Embedded Metric Format says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.cloudwatch.series import Sample
from devtools.dashboard.emf import Datum, extract
from devtools.dashboard.metrics import MetricId


def line(
    metrics: Any = ({"Name": "Sold", "Unit": "Count"},),
    dimensions: Any = (("Agent",),),
    **members: Any,
) -> str:
    directive = {"Namespace": "Shop", "Dimensions": dimensions, "Metrics": metrics}
    return json.dumps(
        {"_aws": {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [directive]}, **members}
    )


CART = MetricId.of("Shop", "Sold", {"Agent": "cart"})


def test_a_number() -> None:
    assert list(extract(line(Agent="cart", Sold=3))) == [
        Datum(CART, "Count", Sample(1_700_000_000.5, (3,), (1,)))
    ]


def test_an_array_is_as_many_values() -> None:
    (datum,) = extract(line(Agent="cart", Sold=[3, 5, 3.5]))
    assert datum.sample.values == (3, 5, 3.5)
    assert datum.sample.counts == (1, 1, 1)


def test_each_dimension_set_is_a_metric_of_its_own() -> None:
    found = extract(
        line(dimensions=[["Agent"], ["Agent", "Env"], []], Agent="cart", Env="t", Sold=1)
    )
    assert [datum.metric.dimensions for datum in found] == [
        (("Agent", "cart"),),
        (("Agent", "cart"), ("Env", "t")),
        (),
    ]


def test_a_set_with_a_dimension_the_line_lacks_is_void() -> None:
    found = extract(line(dimensions=[["Agent", "Env"], ["Agent"]], Agent="cart", Sold=1))
    assert [datum.metric for datum in found] == [CART]


def test_a_metric_without_a_unit_has_none() -> None:
    (datum,) = extract(line(metrics=[{"Name": "Sold"}], Agent="cart", Sold=1))
    assert datum.unit == "None"


def test_several_directives_and_metrics() -> None:
    message = json.loads(line([{"Name": "Sold"}, {"Name": "Lost"}], Agent="cart", Sold=1, Lost=2))
    message["_aws"]["CloudWatchMetrics"].append(
        {"Namespace": "Other", "Dimensions": [[]], "Metrics": [{"Name": "Sold"}]}
    )
    found = [(d.metric.namespace, d.metric.name) for d in extract(json.dumps(message))]
    assert found == [("Shop", "Sold"), ("Shop", "Lost"), ("Other", "Sold")]


@pytest.mark.parametrize(
    "message",
    [
        "START RequestId: 1",
        '{"_aws": ',
        '{"_aws": 3}',
        '["_aws"]',
        '{"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": {"Namespace": "Shop"}}}',
        line(Agent="cart"),
        line(Agent="cart", Sold="3"),
        line(Agent="cart", Sold=True),
        line(Agent="cart", Sold=float("nan")),
        line(Agent="cart", Sold=10**400),
        line(Agent=["cart"], Sold=1),
        line(dimensions="Agent", Agent="cart", Sold=1),
        line(metrics=[{"Name": ["Sold"]}], Agent="cart", Sold=1),
        "[" * 100_000 + '"_aws"',
    ],
)
def test_what_is_not_emf_is_no_metric(message: str) -> None:
    assert list(extract(message)) == []


@given(st.lists(st.floats() | st.integers() | st.text() | st.none(), max_size=6))
def test_whatever_the_values_only_finite_numbers_come_out(values: list[Any]) -> None:
    for datum in extract(line(Agent="cart", Sold=values)):
        assert all(abs(value) < float("inf") for value in datum.sample.values)
