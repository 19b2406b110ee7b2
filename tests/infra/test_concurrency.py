"""What each function may have at once, and how long an event may wait for it."""

from typing import Any

from stacks.names import construct_id
from stacks.settings.concurrency import ConcurrencySettings
from stacks.settings.environment import Settings
from stacks.settings.runtime import with_runtimes
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly, without_hash
from tests.infra.conftest import RUNTIMES, Synthesize, with_every_function

PREFIX = "tradewind-dev-"


def functions(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Every function's properties, by its name without the environment's prefix."""
    made = assembly.everywhere("AWS::Lambda::Function").values()
    return {
        one["Properties"]["FunctionName"].removeprefix(PREFIX): one["Properties"] for one in made
    }


def caps(assembly: Assembly) -> dict[str, int]:
    return {
        name: function["ReservedConcurrentExecutions"]
        for name, function in functions(assembly).items()
        if "ReservedConcurrentExecutions" in function
    }


def test_every_function_has_the_cap_that_is_counted(every_function: Assembly) -> None:
    agents = with_runtimes(AGENTS, RUNTIMES)
    assert caps(every_function) == every_function.settings.reservations(agents)
    assert set(caps(every_function)) == set(functions(every_function))
    assert {*AGENTS, *RUNTIMES, "api", "authorizer", "durable", "mcp", "probe", "sweep"} <= set(
        functions(every_function)
    )


def test_in_a_new_account_none_has_one(synthesize: Synthesize, dev_settings: Settings) -> None:
    settings = with_every_function(dev_settings).model_copy(
        update={"concurrency": ConcurrencySettings(reserve=False)}
    )
    assert caps(synthesize(settings)) == {}


def test_an_event_waits_for_no_function_longer_than_somebody_for_its_answer(
    every_function: Assembly,
) -> None:
    stacks = every_function.everywhere
    waiting = {
        ref(one["FunctionName"]): (
            one["MaximumEventAgeInSeconds"],
            one.get("MaximumRetryAttempts"),
        )
        for one in properties(stacks("AWS::Lambda::EventInvokeConfig"))
    }
    behind_the_api = {"Function", "Mcp", "Authorizer"}
    assert waiting == {
        # Who waits for its answer does so, and has it by then; see docs/failures.md.
        **dict.fromkeys(map(construct_id, (*AGENTS, *RUNTIMES, "durable")), (3600, 0)),
        **dict.fromkeys(behind_the_api, (60, 0)),
        "Sweep": (300, 0),
        # A probe that could not begin may be tried again.
        "Probe": (600, None),
    }
    assert len(waiting) == len(functions(every_function))


def properties(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values()]


def ref(function: dict[str, str]) -> str:
    """The construct of a function that a property refers to."""
    return without_hash(function["Ref"]).removesuffix("Function") or "Function"
