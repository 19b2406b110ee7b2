"""What may become of a VPC that is there."""

from typing import Any

import pytest

from cli.deployment.network_change import problem_of_change
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from stacks.settings.network import CreatedNetwork, GivenNetwork, NetworkSettings
from tests.unit.stacks.test_settings import CONFIG

DEPLOYED = {"NetworkCidr": "10.0.0.0/20", "NetworkZones": "a,b"}
GIVEN = GivenNetwork(
    vpc="vpc-0123456789abcdef0",
    subnets=("subnet-0123456789abcdef0",),
    security_groups=("sg-0123456789abcdef0",),
)


def with_(**network: Any) -> Settings:
    settings = load_settings("dev", CONFIG, {})
    return settings.model_copy(update={"network": NetworkSettings(**network)})


def created(**create: Any) -> Settings:
    return with_(create=CreatedNetwork(**create))


@pytest.mark.parametrize(
    "settings",
    [
        created(),
        created(zones=("b", "c", "a")),
        with_(create=CreatedNetwork(), outside=("api",)),
        load_settings("dev", CONFIG, {}),
    ],
)
def test_it_may_stay_grow_and_be_left(settings: Settings) -> None:
    assert problem_of_change(settings, DEPLOYED) is None


@pytest.mark.parametrize("settings", [created(cidr="10.9.0.0/16"), with_(given=GIVEN)])
def test_where_there_is_none_anything_may_come(settings: Settings) -> None:
    assert problem_of_change(settings, {}) is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            created(cidr="10.9.0.0/16"),
            "config/dev.yaml: network.create.cidr: the VPC that is deployed has 10.0.0.0/20, and",
        ),
        (
            created(zones=("b", "c")),
            "config/dev.yaml: network.create.zones: functions are connected in a; zones may become "
            "more, and not fewer",
        ),
        (
            with_(given=GIVEN),
            "config/dev.yaml: network.given: functions are in a VPC of this environment's own, and",
        ),
    ],
)
def test_what_would_take_functions_along_is_refused_in_a_line(
    settings: Settings, line: str
) -> None:
    said = problem_of_change(settings, DEPLOYED)
    assert said is not None
    assert said.startswith(line)
    assert "\n" not in said
