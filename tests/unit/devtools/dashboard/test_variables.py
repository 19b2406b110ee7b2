"""A dashboard with a variable is one dashboard per value, each as if it were written out."""

import json
from pathlib import Path
from typing import Any

import pytest

from devtools.dashboard.assembly import Dashboard, expanded, read_assembly
from tests.dashboard_app import ACCOUNT, AGENTS, PLACEHOLDER, REGION, sample_preview, write_app

ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:shop-{PLACEHOLDER}-errors"


def board(variables: list[Any], *rows: Any, **properties: Any) -> Dashboard:
    properties = {"region": REGION, "metrics": list(rows), **properties}
    widgets = [{"type": "metric", "properties": properties}]
    return Dashboard("d", {"widgets": widgets, "variables": variables}, family="d")


def variable(values: Any, **more: Any) -> dict[str, Any]:
    described = {"type": "pattern", "pattern": PLACEHOLDER, "inputType": "select", "id": "agent"}
    return {**described, "values": values, **more}


def properties_of(one: Dashboard) -> Any:
    return one.body["widgets"][0]["properties"]


def test_a_pattern_is_replaced_wherever_it_stands() -> None:
    values = [{"value": "cart", "label": "Cart"}, {"value": 'a"b\\c'}]
    row = ["Shop", "Sold", "Agent", PLACEHOLDER, {"label": f"{PLACEHOLDER} & {PLACEHOLDER}"}]
    cart, strange = expanded(
        board([variable(values)], row, title=PLACEHOLDER, annotations={"alarms": [ARN]})
    )
    assert [cart.name, strange.name] == ["d-Cart", 'd-a"b\\c']
    assert properties_of(cart) == {
        "region": REGION,
        "metrics": [["Shop", "Sold", "Agent", "cart", {"label": "cart & cart"}]],
        "title": "cart",
        "annotations": {"alarms": [ARN.replace(PLACEHOLDER, "cart")]},
    }
    # A value cannot break out of the text that it is put into.
    assert properties_of(strange)["title"] == 'a"b\\c'
    assert cart.chosen == {"agent": "Cart"}


def test_a_property_and_a_dimension_get_the_value() -> None:
    by_region = variable([{"value": "eu-west-1"}], type="property", property="region")
    (one,) = expanded(board([by_region], ["Shop", "region", "Agent", "cart", {"region": "x"}]))
    assert properties_of(one) == {
        "region": "eu-west-1",
        "metrics": [["Shop", "region", "Agent", "cart", {"region": "eu-west-1"}]],
    }
    by_agent = variable([{"value": "pay"}], type="property", property="Agent")
    (one,) = expanded(board([by_agent], ["Shop", "Sold", "Shelf", "Agent", "Agent", "cart"]))
    assert properties_of(one)["metrics"] == [["Shop", "Sold", "Shelf", "Agent", "Agent", "pay"]]


def test_the_default_is_first_and_else_the_first_is() -> None:
    values = [{"value": "a"}, {"value": "b"}]
    boards = expanded(board([variable(values, defaultValue="b")], ["S", PLACEHOLDER]))
    assert [one.default for one in boards] == [False, True]
    boards = expanded(board([variable(values)], ["S", PLACEHOLDER]))
    assert [one.default for one in boards] == [True, False]


def test_two_variables_are_every_pair_of_values() -> None:
    two = [
        variable([{"value": "a"}, {"value": "b"}], label="Agent"),
        variable([{"value": "1"}, {"value": "2"}], id="shelf", pattern="SHELF"),
    ]
    boards = expanded(board(two, ["S", f"{PLACEHOLDER}/SHELF"]))
    assert [properties_of(one)["metrics"][0][1] for one in boards] == ["a/1", "a/2", "b/1", "b/2"]
    assert boards[1].chosen == {"Agent": "a", "shelf": "2"}
    assert [one.default for one in boards] == [True, False, False, False]


@pytest.mark.parametrize(("default", "shown"), [("cart", "cart"), ("__FIRST", PLACEHOLDER)])
def test_what_a_search_would_find_is_the_default_or_stays(default: str, shown: str) -> None:
    searched = variable(None, search="{A,B}", populateFrom="B", defaultValue=default)
    (one,) = expanded(board([searched], ["S", PLACEHOLDER]))
    assert one.name == "d"
    assert properties_of(one)["metrics"] == [["S", shown]]


def test_a_variable_that_changes_nothing_is_a_mistake() -> None:
    values = [{"value": "a"}, {"value": "b"}]
    (one,) = expanded(board([variable(values, pattern="NOWHERE")], ["S", "N"]))
    assert one.body is None
    assert "'agent' changes nothing" in one.problem


def test_too_many_choices_are_said() -> None:
    values = [{"value": str(number)} for number in range(30)]
    two = [variable(values), variable(values, id="other", pattern="O")]
    (one,) = expanded(board(two, ["S", f"{PLACEHOLDER} O"]))
    assert "900" in one.problem


def test_a_pattern_that_leaves_no_json_is_a_mistake() -> None:
    (one,) = expanded(board([variable([{"value": "x"}], pattern='"')], ["S", "N"]))
    assert "no JSON" in one.problem


def test_a_variable_that_is_refused_leaves_the_body_to_say_so() -> None:
    refused = variable([])
    (one,) = expanded(board([refused], ["S", "N"]))
    assert (one.problem, one.body["variables"]) == ("", [refused])


def test_each_agents_board_is_found_by_its_name(tmp_path: Path) -> None:
    preview = sample_preview(tmp_path)
    assert preview.full_name("pay") == "shop-test-agent-pay"
    # The dashboard's own name shows what CloudWatch shows first.
    assert preview.full_name("agent") == preview.full_name("shop-test-agent")
    assert preview.full_name("agent") == "shop-test-agent-search"
    shown = preview.document("pay")
    assert shown["title"] == "Agent – pay"  # noqa: RUF001  a dash
    assert [widget["title"] for widget in shown["widgets"]] == [
        "Requests of pay",
        "Latency of pay",
    ]
    assert {widget["state"] for widget in shown["widgets"]} == {"data"}
    (agent,) = shown["variables"]
    assert agent["name"] == "Agent"
    assert [choice["label"] for choice in agent["choices"]] == list(AGENTS)
    assert [choice["label"] for choice in agent["choices"] if choice["chosen"]] == ["pay"]
    (current,) = [one for one in shown["dashboards"] if one["current"]]
    assert (current["title"], current["name"]) == ("Agent", "shop-test-agent-search")
    assert preview.document("overview")["variables"] == []


def test_values_of_the_template_are_put_in_before_those_of_variables(tmp_path: Path) -> None:
    write_app(tmp_path)
    boards = read_assembly(tmp_path, account=ACCOUNT, region=REGION).dashboards
    texts = {one.name: json.dumps(one.body["widgets"]) for one in boards}
    for agent in AGENTS:
        assert agent in texts[f"shop-test-agent-{agent}"]
        assert PLACEHOLDER not in texts[f"shop-test-agent-{agent}"]
