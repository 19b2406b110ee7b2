"""The agents that belong to no chain, asked as anybody asks: over the API."""

from cli.agents import agents, example_request
from cli.api.address import Address, on_this_machine
from cli.api.client import Api
from cli.api.connection import Connection
from cli.api.invocations import ask, follow, new_key
from cli.console import Steps
from cli.errors import CommandError
from devtools.localcloud.running import Running
from stacks.names import Output


def ask_over_the_api(steps: Steps, running: Running, outputs: dict[str, str]) -> None:
    """Send each agent that is not in the chain its example request, cold and warm.

    Raises:
        CommandError: A request failed.
    """
    url = on_this_machine(outputs[Output.API_URL], running)
    api = Api(Connection(Address(url, running.region)))
    for agent in (name for name, manifest in agents().items() if not manifest.demo):
        # The path says which agent.
        body = {
            name: value for name, value in example_request(agent, None).items() if name != "agent"
        }
        for temperature in ("cold", "warm"):
            with steps.step(f"Ask the {agent} over the API, {temperature}") as step:
                asked = ask(api, agent, body, key=new_key(), asynchronous=False)
                invocation = follow(api, asked)
                if invocation["state"] != "succeeded":
                    error = invocation["error"]
                    raise CommandError(f"The {agent} answered {error['code']}: {error['message']}")
                step.result = f"{invocation['usage']['output_tokens']} tokens"
