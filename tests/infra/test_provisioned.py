"""Instances that are kept started, in the templates."""

from typing import Any

import pytest

from stacks.names import construct_id
from stacks.settings.environment import Settings
from stacks.settings.provisioned import ProvisionedSettings
from tests.deployed_agents import FIRST, LAST
from tests.infra.assembly import Assembly, without_hash
from tests.infra.conftest import Synthesize

MORNING = {"cron": "cron(0 7 ? * MON-FRI *)", "time_zone": "Europe/Copenhagen", "instances": 4}
EVENING = {"cron": "cron(0 19 ? * MON-FRI *)", "time_zone": "Europe/Copenhagen", "instances": 0}


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    said: dict[str, dict[str, Any]] = {
        FIRST: {"instances": 3},
        LAST: {"instances": 1, "schedule": [MORNING, EVENING]},
        "api": {"instances": 2, "most": 9, "at_percent": 60},
        "mcp": {"instances": 1, "most": 6, "schedule": [MORNING]},
    }
    provisioned = {name: ProvisionedSettings.model_validate(one) for name, one in said.items()}
    return synthesize(dev_settings.model_copy(update={"provisioned": provisioned}))


def started(assembly: Assembly) -> dict[str, int]:
    """How many instances each alias keeps started, of those that do, by the function's id."""
    return {
        without_hash(alias["Properties"]["FunctionName"]["Ref"]): alias["Properties"][
            "ProvisionedConcurrencyConfig"
        ]["ProvisionedConcurrentExecutions"]
        for alias in assembly.everywhere("AWS::Lambda::Alias").values()
        if "ProvisionedConcurrencyConfig" in alias["Properties"]
    }


def test_only_what_the_settings_name_is_kept_started(made: Assembly, dev: Assembly) -> None:
    assert started(made) == {
        f"{construct_id(FIRST)}Function": 3,
        f"{construct_id(LAST)}Function": 1,
        "Function": 2,
        "McpFunction": 1,
    }
    assert started(dev) == {}
    assert dev.everywhere("AWS::ApplicationAutoScaling::ScalableTarget") == {}


def targets(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """What is scaled, by the stack and the construct it belongs to."""
    return {
        key.rpartition("Live")[0]: target["Properties"]
        for key, target in assembly.everywhere(
            "AWS::ApplicationAutoScaling::ScalableTarget"
        ).items()
    }


def test_what_follows_a_schedule_or_its_use_is_scaled_between_the_two(made: Assembly) -> None:
    ranges = {
        key: (target["MinCapacity"], target["MaxCapacity"]) for key, target in targets(made).items()
    }
    assert ranges == {
        f"Agents/{construct_id(LAST)}": (1, 1),
        "Api/Function": (2, 9),
        "Api/Mcp": (1, 6),
    }
    for target in targets(made).values():
        assert target["ServiceNamespace"] == "lambda"
        assert target["ScalableDimension"] == "lambda:function:ProvisionedConcurrency"


def test_it_is_the_live_alias_that_is_scaled(made: Assembly) -> None:
    target = targets(made)["Api/Function"]
    # The function's name, out of its alias's ARN.
    [before, _, after] = target["ResourceId"]["Fn::Join"][1]
    assert (before, after) == ("function:", ":live")


def test_a_schedule_without_a_most_sets_exactly_so_many(made: Assembly) -> None:
    actions = targets(made)[f"Agents/{construct_id(LAST)}"]["ScheduledActions"]
    assert [(one["Schedule"], one["Timezone"], one["ScalableTargetAction"]) for one in actions] == [
        (MORNING["cron"], "Europe/Copenhagen", {"MinCapacity": 4, "MaxCapacity": 4}),
        (EVENING["cron"], "Europe/Copenhagen", {"MinCapacity": 0, "MaxCapacity": 0}),
    ]
    [both] = targets(made)["Api/Mcp"]["ScheduledActions"]
    assert both["ScalableTargetAction"] == {"MinCapacity": 4, "MaxCapacity": 6}


def test_use_is_followed_at_the_share_that_is_said(made: Assembly) -> None:
    policies = made.everywhere("AWS::ApplicationAutoScaling::ScalingPolicy")
    shares = {
        key.rpartition("Live")[0]: one["Properties"]["TargetTrackingScalingPolicyConfiguration"]
        for key, one in policies.items()
    }
    assert {key: one["TargetValue"] for key, one in shares.items()} == {
        "Api/Function": 0.6,
        "Api/Mcp": 0.7,
    }
    for one in shares.values():
        assert one["PredefinedMetricSpecification"] == {
            "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"
        }
