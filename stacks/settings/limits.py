"""What settings and agents cannot be together: AWS would refuse it, or it would never happen."""

from collections.abc import Mapping
from typing import Final

from stacks.settings.environment import Settings
from tradewind.contracts.agent_manifest import AgentManifest

#: Executions that Lambda keeps for the functions without a reservation: "You can reserve up to the
#: Unreserved account concurrency value minus 100" (AWS Lambda Developer Guide, Configuring reserved
#: concurrency). Of an account that has fewer it keeps all.
UNRESERVED: Final = 100


def problem_of_limits(settings: Settings, agents: Mapping[str, AgentManifest]) -> str | None:
    """What cannot be deployed, in one line; None for nothing.

    Args:
        settings: The environment's.
        agents: Every agent, the runtimes among them.
    """
    return _problem_of_concurrency(settings, agents) or _problem_of_time(settings, agents)


def _problem_of_concurrency(settings: Settings, agents: Mapping[str, AgentManifest]) -> str | None:
    reserved = settings.reservations(agents)
    total, there = sum(reserved.values()), settings.concurrency.account
    kept = min(UNRESERVED, there)
    if total <= there - kept:
        return None
    summands = ", ".join(f"{name} {share}" for name, share in reserved.items())
    return (
        f"reserved_concurrency: {summands} make {total}; of concurrency.account, which is {there}, "
        f"Lambda keeps {kept} for functions without: reserve {there - kept} at most, or nothing "
        "with concurrency.reserve: false"
    )


def _problem_of_time(settings: Settings, agents: Mapping[str, AgentManifest]) -> str | None:
    silence = settings.model.read_timeout_s
    for name, agent in agents.items():
        timeout_s = settings.function(agent).timeout_s
        # A runtime elsewhere calls no model from here.
        if name not in settings.runtimes and silence > timeout_s:
            return (
                f"model.read_timeout_s: {silence:g} is longer than agents.{name}.timeout_s, which "
                f"is {timeout_s}: its function would end before a silent model is given up"
            )
    return None
