"""What goes into a bundle: an agent's, and one of the core without an agent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacks.bundling import rules
from stacks.bundling.errors import BundleError
from stacks.bundling.requirements import core_requirements, requirements_of
from tradewind.contracts.agent_manifest import (
    RUNS_WORKFLOWS,
    AgentCoreProtocol,
    AgentManifest,
    Framework,
)
from tradewind.contracts.names import AGENTCORE_ENTRY


@dataclass(frozen=True)
class Contents:
    """What a function's bundle is made of.

    Attributes:
        name: The function's; no two bundles share one.
        title: What a person calls the function.
        locks: What its libraries are installed from.
        framework: What it is written with; None for the core alone.
        operations: The AWS operations it knows, by service.
        sources: The files and folders of ``lambda_src`` it has, folders with a ``/`` at their end;
            an agent's example request is not among them.
        files: Patterns of single files it has besides.
        metadata_read: The distributions whose metadata it keeps.
        asked_by: Where its operations are asked for, as a message begins.
        python: What it runs on.
        has_workflows: Whether it has the workflow engine, and the workflow files.
        never_imported: The distributions it leaves out.
        agentcore: The protocol that AgentCore Runtime asks it by, if it does.
    """

    name: str
    title: str
    locks: Sequence[Path]
    framework: Framework | None
    operations: Mapping[str, Sequence[str]]
    sources: tuple[str, ...]
    asked_by: str
    files: tuple[str, ...] = ()
    metadata_read: Collection[str] = ()
    python: str = rules.PYTHON
    has_workflows: bool = False
    never_imported: Collection[str] = ()
    agentcore: AgentCoreProtocol | None = None


def agent_contents(agent: AgentManifest, sources: Path) -> Contents:
    """The core, the agent's own folder and the packages it names; no other agent's.

    Args:
        agent: Whose bundle it is.
        sources: ``lambda_src``.

    Raises:
        BundleError: A package it names is missing, or requirements have no lock.
    """
    for package in agent.packages:
        if not (sources / package / "__init__.py").is_file():
            raise BundleError(
                f"agents/{agent.name}/agent.toml: packages: there is no folder "
                f"lambda_src/{package} with an __init__.py"
            )
    folders = ("tradewind", f"agents/{agent.name}", *agent.packages)
    return Contents(
        name=agent.name,
        title=f"the {agent.name} agent",
        locks=requirements_of(sources / "agents" / agent.name, agent.framework, agent.agentcore),
        framework=agent.framework,
        operations=rules.operations_of(agent),
        sources=(
            "agents/__init__.py",
            *(() if agent.agentcore is None else (AGENTCORE_ENTRY,)),
            *(f"{folder}/" for folder in folders),
        ),
        asked_by=f"agents/{agent.name}/agent.toml: reach: ",
        metadata_read=rules.METADATA_READ[agent.framework],
        has_workflows=agent.framework == RUNS_WORKFLOWS,
        never_imported=rules.never_imported(agent.framework, agent.agentcore),
        agentcore=agent.agentcore,
    )


def core_contents(function: str, sources: Path) -> Contents:
    """The core, and what a function that is no agent's has besides.

    Args:
        function: Its name, of ``rules.CORE_FUNCTIONS``.
        sources: ``lambda_src``.

    Raises:
        NotLocked: Its requirements have no lock.
    """
    rule = rules.CORE_FUNCTIONS[function]
    return Contents(
        name=function,
        title=rule.title,
        locks=core_requirements(sources, *rule.requirements),
        framework=None,
        operations=rule.operations,
        sources=("tradewind/",),
        files=rule.files,
        metadata_read=rule.metadata_read,
        asked_by="stacks/bundling/rules.py: ",
        python=rule.python,
        has_workflows=rule.has_workflows,
    )
