"""Which share of the traffic a new version has, and for how long."""

from typing import Any

import pytest

from devtools.localcloud.extension.codedeploy.refusal import Refused
from devtools.localcloud.extension.codedeploy.traffic import Step, checked, predefined, steps


def test_aws_s_own_configurations_are_all_there() -> None:
    assert sorted(name.removeprefix("CodeDeployDefault.Lambda") for name in predefined()) == [
        "AllAtOnce",
        "Canary10Percent10Minutes",
        "Canary10Percent15Minutes",
        "Canary10Percent30Minutes",
        "Canary10Percent5Minutes",
        "Linear10PercentEvery10Minutes",
        "Linear10PercentEvery1Minute",
        "Linear10PercentEvery2Minutes",
        "Linear10PercentEvery3Minutes",
    ]


def linear(percent: Any, minutes: Any) -> dict[str, Any]:
    shares = {"linearPercentage": percent, "linearInterval": minutes}
    return {"type": "TimeBasedLinear", "timeBasedLinear": shares}


def canary(percent: Any, minutes: Any) -> dict[str, Any]:
    shares = {"canaryPercentage": percent, "canaryInterval": minutes}
    return {"type": "TimeBasedCanary", "timeBasedCanary": shares}


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        ({"type": "AllAtOnce"}, [Step(100, 0)]),
        (canary(20, 15), [Step(20, 900), Step(100, 0)]),
        (linear(40, 1), [Step(40, 60), Step(80, 60), Step(100, 0)]),
        (linear(50, 2), [Step(50, 120), Step(100, 0)]),
    ],
)
def test_a_shift_goes_step_by_step_to_the_whole(
    routing: dict[str, Any], expected: list[Step]
) -> None:
    assert list(steps(checked(routing))) == expected


def test_a_linear_shift_of_aws_s_takes_nine_intervals() -> None:
    routing = predefined()["CodeDeployDefault.LambdaLinear10PercentEvery3Minutes"]
    assert sum(step.wait_s for step in steps(routing)) == 9 * 180


@pytest.mark.parametrize(
    "routing",
    [
        None,
        {},
        {"type": "Sometimes"},
        {"type": "TimeBasedCanary"},
        canary(0, 5),
        canary(100, 5),
        canary(10, 0),
        linear("10", 1),
        linear(2.5, 1),
    ],
)
def test_what_is_no_shift_is_refused(routing: dict[str, Any] | None) -> None:
    with pytest.raises(Refused) as refused:
        checked(routing)
    assert refused.value.code == "InvalidTrafficRoutingConfigurationException"
