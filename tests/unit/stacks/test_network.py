"""The network that functions are in: what a file may say of it, and what it may not."""

from pathlib import Path
from typing import Any

import pytest

from stacks.parts.endpoint_services import NoEndpoint, endpoints_for
from tests.sample_agents import SAMPLES
from tests.unit.stacks.test_settings import Content, content, load, refusal
from tradewind.contracts.agent_manifest import AgentManifest, AwsReach

__all__ = ["content"]
#: Of the samples, what asks for addresses outside AWS.
OUTSIDE = [name for name, agent in SAMPLES.items() if agent.function.endpoints]
FOREIGN = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/a-AbCdEfGhIj"
GIVEN = {
    "vpc": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0"],
    "security_groups": ["sg-0123456789abcdef0"],
}


def said(folder: Path, content: Content, network: Any, **others: Any) -> str:
    text = refusal(folder, {**content, "network": network, **others})
    return text.removeprefix("config/dev.yaml: ")


def created(**others: Any) -> dict[str, Any]:
    return {"create": others, "outside": OUTSIDE}


def test_there_is_none_unless_a_setting_says_so(tmp_path: Path, content: Content) -> None:
    assert load(tmp_path, content).network is None


def test_an_empty_mapping_creates_one(tmp_path: Path, content: Content) -> None:
    network = load(tmp_path, {**content, "network": created()}).network
    assert network is not None
    assert network.create is not None
    assert (network.create.cidr, network.create.zones) == ("10.0.0.0/20", ("a", "b"))
    assert network.has_endpoints


@pytest.mark.parametrize(
    ("network", "line"),
    [
        ({}, "network: give either create or given"),
        ({"create": {}, "given": GIVEN}, "network: give either create or given"),
        ({"create": {"cidr": "8.8.8.0/24"}}, "network.create.cidr: 8.8.8.0/24 is not private;"),
        ({"create": {"cidr": "10.0.0.1/20"}}, "network.create.cidr: '10.0.0.1/20' is no block of"),
        ({"create": {"cidr": "10.0.0.0/8"}}, "network.create.cidr: 10.0.0.0/8: AWS takes /16 at"),
        ({"create": {"cidr": "10.0.0.0/25"}}, "network.create.cidr: 10.0.0.0/25: AWS takes /16"),
        ({"create": {"cidr": "::/20"}}, "network.create.cidr: '::/20' is no block of addresses"),
        ({"create": {"zones": []}}, "network.create.zones: [] is not allowed; give a list of"),
        ({"create": {"zones": ["us-east-1a"]}}, "network.create.zones.0: 'us-east-1a' is not"),
        ({"create": {"zones": ["a", "a"]}}, "network.create.zones: each once"),
        ({"given": {**GIVEN, "vpc": "main"}}, "network.given.vpc: 'main' is not allowed; give an"),
        ({"given": {**GIVEN, "subnets": []}}, "network.given.subnets: [] is not allowed; give a"),
        (
            {"given": {**GIVEN, "security_groups": [f"sg-{n:017x}" for n in range(6)]}},
            "network.given.security_groups: ",
        ),
        ({"given": {"vpc": GIVEN["vpc"]}}, "network.given.subnets is missing; give a list of 1"),
        ({"given": GIVEN, "nat": True}, "network.nat is not a setting; those here are"),
        (
            {"given": GIVEN, "outside": ["nobody"]},
            "network.outside: there is no function 'nobody'; those there are: ",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    tmp_path: Path, content: Content, network: Any, line: str
) -> None:
    assert said(tmp_path, content, network).startswith(line)


def test_who_asks_for_something_outside_aws_is_not_shut_in(
    tmp_path: Path, content: Content
) -> None:
    [first, *_] = OUTSIDE
    line = said(tmp_path, content, {"create": {}})
    assert line.startswith(f"network: {first} asks services outside AWS (")
    assert line.endswith(
        f"and a created VPC has no way there; name {first} in network.outside, or give a VPC that "
        "has one"
    )


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        (
            {"oidc": {"issuer": "https://id.example.com", "audience": "us"}},
            "authorizer asks the issuer of the tokens",
        ),
        ({"otlp_endpoint": "https://otel.example.com"}, "sends its spans to otlp_endpoint"),
        ({"region": "us-west-2"}, "calls its model in us-east-1 from us-west-2"),
        (
            {
                "runtimes": {
                    "elsewhere": {
                        "description": "It knows the company.",
                        "arn": FOREIGN,
                    }
                }
            },
            "elsewhere asks a runtime in eu-west-1 from us-east-1",
        ),
    ],
)
def test_nor_who_asks_another_region_or_an_issuer(
    tmp_path: Path, content: Content, change: Content, asks: str
) -> None:
    content |= change
    assert asks in said(tmp_path, content, created())


def test_a_given_vpc_may_have_a_way_out(tmp_path: Path, content: Content) -> None:
    content |= {"network": {"given": GIVEN}, "region": "us-west-2"}
    network = load(tmp_path, content).network
    assert network is not None
    assert not network.has_endpoints


def reaching(service: str) -> dict[str, AgentManifest]:
    name, agent = next(iter(SAMPLES.items()))
    reach = AwsReach(
        service=service, operations=("Get",), actions=("x:Get",), resources=("arn:aws:x",)
    )
    return {name: agent.model_copy(update={"reach": (reach,)})}


def test_a_service_without_a_known_endpoint_is_named() -> None:
    agents = reaching("braket")
    [name] = agents
    with pytest.raises(NoEndpoint) as refused:
        endpoints_for([name], agents)
    assert str(refused.value) == (
        f"agents/{name} reaches braket, of which no endpoint is known; name it in network.outside"
    )


def test_what_reaches_a_service_of_the_core_keeps_its_policy_and_adds_one() -> None:
    agents = reaching("s3")
    [name] = agents
    plain = endpoints_for([name], SAMPLES)["s3"].allowed
    assert endpoints_for([name], agents)["s3"].allowed[: len(plain)] == plain
    assert len(endpoints_for([name], agents)["s3"].allowed) == len(plain) + 1
