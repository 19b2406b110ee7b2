"""One chain: every agent in the order of their work, on one project, cold and then warm."""

from dataclasses import dataclass
from typing import Any

from cli.agents import example_request, in_demo
from cli.console import Steps
from cli.demo.facts import sentence
from cli.errors import CommandError
from cli.invoke import Invocation, invoke, lambda_client, role_of
from devtools.localcloud.bedrock import Fault, FaultKind, StandInAdmin
from stacks.names import agent_arn_output


@dataclass(frozen=True)
class Asked:
    """One agent's two requests.

    Attributes:
        agent: Which agent.
        event: What it was asked.
        cold: The first request to its process.
        warm: The same request again, on the same project.
        tcp_connections: What the model endpoint saw of this agent's role, over both.
    """

    agent: str
    event: dict[str, Any]
    cold: Invocation
    warm: Invocation
    tcp_connections: int


def ask_all(steps: Steps, admin: StandInAdmin, outputs: dict[str, str]) -> list[Asked]:
    """Send each agent its example request twice.

    The first agent makes the project; each other one works on what those before it left there.

    Raises:
        CommandError: An agent's request failed.
    """
    client = lambda_client()
    done: list[Asked] = []
    project_id: str | None = None
    for agent in in_demo():
        event = example_request(agent, project_id)
        function_arn = outputs[agent_arn_output(agent)]
        role = role_of(client, function_arn)
        before = connections(admin, role)
        answers = []
        for temperature in ("cold", "warm"):
            with steps.step(f"Ask the {agent} agent, {temperature}") as step:
                invocation = invoke(client, function_arn, event)
                _require_success(agent, invocation)
                step.result = sentence(invocation.answer["facts"], at_most=3)
            answers.append(invocation)
            project_id = invocation.answer["project_id"]
            event = event | {"project_id": project_id}
        cold, warm = answers
        done.append(Asked(agent, event, cold, warm, connections(admin, role) - before))
    return done


def refuse_all(steps: Steps, admin: StandInAdmin, outputs: dict[str, str]) -> dict[str, str]:
    """A bad day: let Bedrock refuse one call to each agent, and see each failure come back typed.

    Returns:
        The error code each agent answered.

    Raises:
        CommandError: An agent took a refusal for a success.
    """
    client = lambda_client()
    codes: dict[str, str] = {}
    with steps.step("A bad day: Bedrock refuses a call to each") as step:
        for agent in in_demo():
            function_arn = outputs[agent_arn_output(agent)]
            role = role_of(client, function_arn)
            admin.inject(Fault(FaultKind.VALIDATION, role=role.rpartition("/")[2]))
            answer = invoke(client, function_arn, example_request(agent, None)).answer
            if answer["success"]:
                raise CommandError(f"The {agent} agent took a refused model call for a success.")
            codes[agent] = answer["error"]["code"]
        step.result = ", ".join(sorted(set(codes.values())))
    return codes


def connections(admin: StandInAdmin, role: str) -> int:
    """TCP connections that the model endpoint has seen requests of this role on."""
    traffic = admin.stats().roles.get(role)
    return traffic.connections if traffic else 0


def _require_success(agent: str, invocation: Invocation) -> None:
    answer = invocation.answer
    if not answer["success"]:
        error = answer["error"]
        raise CommandError(f"The {agent} agent answered {error['code']}: {error['message']}")
