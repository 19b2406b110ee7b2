"""What a request brings beside its words: files and lists, each for one agent's tools."""

from typing import Final

from siting.crew import SIMULATION, TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project

#: The parameters that tools read by themselves, and whose tools those are.
READ_BY: Final = {
    "site": TERRAIN,
    "elevation": TERRAIN,
    "wind_file": TERRAIN,
    "power_curve": TERRAIN,
    "turbines": SIMULATION,
    "wind_rose": SIMULATION,
}


def require_addressed(project: Project) -> None:
    """Refuse what another agent's tools would read: this one would go by the project without it.

    Raises:
        ToolInputError: The request brings some; the message names the agent to send it to.
    """
    for name, agent in READ_BY.items():
        if name in project.parameters and agent != project.agent:
            raise ToolInputError(
                f"The request brings {name}, which the {agent} agent reads and no tool here does. "
                f"Send it to the {agent} agent, or leave it out.",
                field=f"parameters.{name}",
            )
