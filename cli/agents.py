"""The agents of this checkout, as the command needs them."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.errors import CommandError

if TYPE_CHECKING:
    from tradewind.contracts.agent_manifest import AgentManifest

FOLDER: Final = Path(__file__).resolve().parent.parent / "lambda_src" / "agents"


@cache
def agents() -> "dict[str, AgentManifest]":
    """Every agent there is, each after those it reads from.

    Raises:
        CommandError: A manifest is not as it must be.
    """
    # Pydantic takes longer to import than `--help` may take to answer.
    from tradewind.contracts.agent_manifest import ManifestError, find_agents  # noqa: PLC0415

    try:
        return find_agents(FOLDER)
    except ManifestError as error:
        raise CommandError(str(error)) from error


def in_demo() -> "list[str]":
    """The agents that the demo asks, in the order of their work.

    Raises:
        CommandError: A manifest is not as it must be.
    """
    return [name for name, manifest in agents().items() if manifest.demo]


def example_request(agent: str, project_id: str | None) -> dict[str, Any]:
    """An agent's example request, on a project if there is one already.

    Raises:
        CommandError: There is none, or the agent would not take it.
    """
    from tradewind.contracts.agent_manifest import REQUEST_FILE  # noqa: PLC0415
    from tradewind.contracts.errors import RequestError  # noqa: PLC0415
    from tradewind.contracts.request import parse_request  # noqa: PLC0415

    shown = f"agents/{agent}/{REQUEST_FILE}"
    try:
        event = json.loads((FOLDER / agent / REQUEST_FILE).read_text(encoding="utf-8"))
        parse_request(event, agent)
    except FileNotFoundError:
        raise CommandError(f"{shown} is missing; every agent has an example request") from None
    except OSError as error:
        raise CommandError(f"{shown} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{shown} is not JSON: {error}") from error
    except RequestError as refused:
        raise CommandError(f"{shown}: {refused.message}") from refused
    return {**event, **({"project_id": project_id} if project_id else {})}


def check_example_requests() -> None:
    """Read the example requests that the demo sends, before it starts anything.

    Raises:
        CommandError: One is missing, or its agent would not take it.
    """
    for agent in in_demo():
        example_request(agent, None)


class AgentParam(click.ParamType[str]):
    """The name of an agent of this checkout."""

    name = "agent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that there is such an agent."""
        if value not in agents():
            self.fail(f"{value!r} is not one of {', '.join(map(repr, agents()))}.", param, ctx)
        return str(value)
