"""The agents that belong to no chain, and runtimes, asked as anybody asks: over the API."""

from collections.abc import Mapping

from cli.agents import agents, example_request
from cli.api.address import Address, on_this_machine
from cli.api.client import Api
from cli.api.connection import Connection
from cli.api.invocations import AGENTS, RUNTIMES, ask, follow, new_key
from cli.console import Steps
from cli.errors import CommandError
from devtools.localcloud.running import Running
from stacks.names import Output
from stacks.settings.runtime import RuntimeSettings


def ask_over_the_api(
    steps: Steps,
    running: Running,
    outputs: dict[str, str],
    runtimes: Mapping[str, RuntimeSettings],
) -> None:
    """Send each agent that is not in the chain its example request, cold and warm.

    Likewise each runtime that is an agent of this project, on AgentCore.

    Args:
        steps: Shows what is going on.
        running: The embedded AWS.
        outputs: The stacks' outputs by name.
        runtimes: What the settings name.

    Raises:
        CommandError: A request failed.
    """
    url = on_this_machine(outputs[Output.API_URL], running)
    api = Api(Connection(Address(url, running.region)))
    for agent in (name for name, manifest in agents().items() if not manifest.demo):
        _ask_twice(steps, api, agent, of=agent, below=AGENTS)
    for name, runtime in runtimes.items():
        if runtime.agent is not None:
            _ask_twice(steps, api, name, of=runtime.agent, below=RUNTIMES)


def _ask_twice(steps: Steps, api: Api, name: str, *, of: str, below: str) -> None:
    # The path says which agent.
    body = {key: value for key, value in example_request(of, None).items() if key != "agent"}
    where = " on AgentCore" if below == RUNTIMES else ""
    for temperature in ("cold", "warm"):
        with steps.step(f"Ask the {of}{where} over the API, {temperature}") as step:
            asked = ask(api, name, body, key=new_key(), asynchronous=False, below=below)
            invocation = follow(api, asked)
            if invocation["state"] != "succeeded":
                error = invocation["error"]
                raise CommandError(f"{name} answered {error['code']}: {error['message']}")
            step.result = f"{invocation['usage']['output_tokens']} tokens"
