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


def example_request(agent: str, project_id: str | None) -> dict[str, Any]:
    """An agent's example request, on a project if there is one already."""
    from tradewind.contracts.agent_manifest import REQUEST_FILE  # noqa: PLC0415

    event: dict[str, Any] = json.loads((FOLDER / agent / REQUEST_FILE).read_text())
    return event | ({"project_id": project_id} if project_id else {})


class AgentName(click.ParamType[str]):
    """The name of an agent of this checkout."""

    name = "agent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that there is such an agent."""
        if value not in agents():
            self.fail(f"{value!r} is not one of {', '.join(map(repr, agents()))}.", param, ctx)
        return str(value)
