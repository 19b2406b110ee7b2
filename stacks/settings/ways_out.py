"""Whether functions in a VPC reach what they ask: what would wait there for ever is refused."""

from collections.abc import Iterator, Mapping

from stacks.parts.endpoint_services import NoEndpoint, endpoints_for
from stacks.settings.environment import Settings
from tradewind.agentcore.arn import RuntimeArn
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import AUTHORIZER


def problem_of_network(settings: Settings, agents: Mapping[str, AgentManifest]) -> str | None:
    """What would never answer from within the network, in one line; None for nothing.

    A VPC that is given may have other ways out than endpoints, which nobody knows here.

    Args:
        settings: The environment's.
        agents: Every agent, the runtimes among them.
    """
    network = settings.network
    if network is None:
        return None
    functions = settings.function_names(agents)
    for name in network.outside:
        if name not in functions:
            known = ", ".join(functions)
            return f"network.outside: there is no function {name!r}; those there are: {known}"
    inside = [name for name in functions if name not in network.outside]
    if network.has_endpoints:
        try:
            endpoints_for(inside, agents)
        except NoEndpoint as unknown:
            return str(unknown)
    if network.create is None:
        return None
    return next(
        (
            f"network: {name} {asks}, and a created VPC has no way there; name {name} in "
            "network.outside, or give a VPC that has one"
            for name in inside
            for asks in _beyond_endpoints(name, settings, agents)
        ),
        None,
    )


def _beyond_endpoints(
    name: str, settings: Settings, agents: Mapping[str, AgentManifest]
) -> Iterator[str]:
    """What a function asks that no endpoint of its region leads to."""
    if name == AUTHORIZER:
        yield "asks the issuer of the tokens"
    if name not in agents:
        return
    if addresses := settings.function(agents[name]).endpoints:
        yield f"asks services outside AWS ({', '.join(sorted(addresses))})"
    if settings.otlp_endpoint is not None:
        yield "sends its spans to otlp_endpoint"
    runtime = settings.runtimes.get(name)
    if runtime is None:
        if settings.model.region != settings.region:
            yield f"calls its model in {settings.model.region} from {settings.region}"
    elif runtime.arn and (there := RuntimeArn.parse(runtime.arn).region) != settings.region:
        yield f"asks a runtime in {there} from {settings.region}"
