"""Series are told apart by what differs between them."""

import pytest

from devtools.dashboard.body import Row
from devtools.dashboard.labels import default_labels, fill_label, short, without_common_prefix
from devtools.dashboard.metrics import MetricId


def row(name: str = "Sold", namespace: str = "Shop", **dimensions: str) -> Row:
    return Row(metric=MetricId.of(namespace, name, dimensions))


@pytest.mark.parametrize(
    ("rows", "statistics", "labels"),
    [
        ([row(agent="cart")], ["Sum"], ["Sold"]),
        ([row(), row("Lost")], ["Sum", "Sum"], ["Sold", "Lost"]),
        ([row(a="x", b="1"), row(a="y", b="1")], ["Sum", "Sum"], ["Sold x", "Sold y"]),
        ([row(), row()], ["p50", "p99"], ["Sold p50", "Sold p99"]),
        ([row(), row(namespace="Other")], ["Sum", "Sum"], ["Shop Sold", "Other Sold"]),
        ([Row(expression="a / b", id="share"), Row(expression="a")], ["", ""], ["share", "a"]),
    ],
)
def test_default_labels(rows: list[Row], statistics: list[str], labels: list[str]) -> None:
    assert default_labels(rows, statistics) == labels


@pytest.mark.parametrize(
    ("label", "filled"),
    [
        ("plain", "plain"),
        ("${LABEL}: ${LAST}", "Sold: 12.35"),
        ("${PROP('Dim.agent')} ${PROP('Stat')} ${PROP('MetricName')}", "cart p99 Sold"),
        ("${MAX}", "no data"),
        ("${PROP('Dim.other')} ${UNHEARD_OF}", "${PROP('Dim.other')} ${UNHEARD_OF}"),
    ],
)
def test_dynamic_labels(label: str, filled: str) -> None:
    summary = {"LAST": 12.3456, "MAX": None}
    assert fill_label(label, row(agent="cart"), "Sold", summary, {"Stat": "p99"}) == filled


def test_common_words_are_left_out() -> None:
    assert without_common_prefix(["shop-test-one", "shop-test-other"]) == {
        "shop-test-one": "one",
        "shop-test-other": "other",
    }
    assert without_common_prefix(["shop-one"]) == {"shop-one": "shop-one"}
    assert without_common_prefix([]) == {}


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (47.9532, "47.95"),
        (2764.8, "2765"),
        # Rounded up, it has no exponent.
        (9999.96, "10000"),
        (720_000, "720k"),
        (1_080_000, "1.08M"),
        (-12_345, "-12.35k"),
    ],
)
def test_numbers_are_short_and_without_exponents(number: float, written: str) -> None:
    assert short(number) == written
