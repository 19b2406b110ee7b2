"""Which locks a bundle is installed from."""

from pathlib import Path

from stacks.bundling.errors import NotLocked
from tradewind.contracts.agent_manifest import Framework


def requirements_of(agent_folder: Path, framework: Framework) -> list[Path]:
    """The locks of an agent's bundle: the core's, its framework's and, if it has one, its own.

    Args:
        agent_folder: ``lambda_src/agents/NAME``.
        framework: What the agent is written with.

    Raises:
        NotLocked: Requirements have no lock.
    """
    shared = agent_folder.parents[1] / "requirements"
    locks = [shared / "core.txt", shared / f"{framework}.txt"]
    # An agent may need nothing more.
    if (agent_folder / "requirements.in").exists():
        locks.append(agent_folder / "requirements.txt")
    for lock in locks:
        if not lock.exists():
            shown = lock.relative_to(agent_folder.parents[2])
            raise NotLocked(f"{shown} is missing; `make lock` writes it")
    return locks
