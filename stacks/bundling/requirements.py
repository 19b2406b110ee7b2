"""Which locks a bundle is installed from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stacks.bundling.errors import NotLocked
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, AgentCoreProtocol, Framework

#: Frameworks that are made of several.
_FRAMEWORKS: Final[Mapping[Framework, tuple[str, ...]]] = {RUNS_WORKFLOWS: ("strands", "workflow")}
#: What AgentCore Runtime asks an agent by.
_PROTOCOLS: Final[Mapping[AgentCoreProtocol, str]] = {"http": "agentcore", "a2a": "agentcore-a2a"}


def requirements_of(
    agent_folder: Path, framework: Framework, agentcore: AgentCoreProtocol | None = None
) -> list[Path]:
    """The locks of an agent's bundle: the core's, its framework's and, if it has one, its own.

    Args:
        agent_folder: ``lambda_src/agents/NAME``.
        framework: What the agent is written with.
        agentcore: The protocol that AgentCore Runtime asks it by, if it does.

    Raises:
        NotLocked: Requirements have no lock.
    """
    sources = agent_folder.parents[1]
    served = () if agentcore is None else (_PROTOCOLS[agentcore],)
    locks = core_requirements(sources, *_FRAMEWORKS.get(framework, (framework,)), *served)
    # An agent may need nothing more.
    if (agent_folder / "requirements.in").exists():
        locks.append(agent_folder / "requirements.txt")
    return [_existing(lock, sources) for lock in locks]


def core_requirements(sources: Path, *more: str) -> list[Path]:
    """The lock of what every bundle has, and those of what one has besides.

    Args:
        sources: ``lambda_src``.
        more: Names in ``lambda_src/requirements``.

    Raises:
        NotLocked: One is missing.
    """
    return [
        _existing(sources / "requirements" / f"{name}.txt", sources) for name in ("core", *more)
    ]


def _existing(lock: Path, sources: Path) -> Path:
    if not lock.exists():
        shown = lock.relative_to(sources.parent)
        raise NotLocked(f"{shown} is missing; `make lock` writes it")
    return lock
