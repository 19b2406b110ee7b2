"""Agents' folders: written from a template, and taken away again."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

from cli.errors import CommandError
from stacks.settings.unique_keys import load_yaml
from tradewind.contracts.agent_manifest import (
    ManifestError,
    check_apart,
    check_name,
    read_manifest,
)

#: What every agent has, and a folder for what differs with the framework.
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates" / "agent"
_SUFFIX: Final = ".template"


def render(name: str, framework: str) -> dict[str, str]:
    """The files of a new agent, by name."""
    return {
        file.name.removesuffix(_SUFFIX): Template(file.read_text(encoding="utf-8")).substitute(
            name=name, framework=framework
        )
        for folder in ("common", framework)
        for file in sorted((_TEMPLATES / folder).glob(f"*{_SUFFIX}"))
    }


def create(agents: Path, name: str, framework: str) -> Path:
    """Write a new agent's folder, whole or not at all.

    Args:
        agents: Where the agents' folders are.
        name: What it is to be called.
        framework: What it is to be written with.

    Raises:
        CommandError: The name cannot be an agent's or is taken, or the folder cannot be written.
    """
    folder = agents / name
    try:
        check_name(name)
        check_apart([*names(agents), name])
    except ManifestError as error:
        raise CommandError(str(error)) from None
    if os.path.lexists(folder):
        raise CommandError(f"{shown(folder)} exists already. Choose another name, or remove it.")
    # Hidden from everything that looks for agents until it is whole.
    unfinished = agents / f".{name}.{os.getpid()}"
    with _plain_failures(f"{shown(folder)} cannot be written"):
        try:
            unfinished.mkdir()
            for file, content in render(name, framework).items():
                (unfinished / file).write_text(content, encoding="utf-8")
            # Refuses a folder that somebody else wrote meanwhile.
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return folder


def uses_of(agents: Path, config: Path, name: str) -> list[str]:
    """What else names an agent, and would not work without it: a sentence each.

    Raises:
        CommandError: A manifest or a configuration cannot be read.
    """
    others = [agents / other for other in names(agents) if other != name]
    try:
        manifests = list(map(read_manifest, others))
    except ManifestError as error:
        raise CommandError(str(error)) from None
    return [
        *(
            f"agents/{other.name}/agent.toml: {key} names it"
            for other in manifests
            for key in ("reads_from", "calls")
            if name in getattr(other, key)
        ),
        *(
            f"{config.name}/{environment}.yaml: agents.{name} is about it"
            for environment, content in environments(config).items()
            if isinstance(about := content.get("agents"), dict) and name in about
        ),
        *(
            f"{config.name}/{environment}.yaml: runtimes.{runtime} is it on AgentCore"
            for environment, content in environments(config).items()
            if isinstance(runtimes := content.get("runtimes"), dict)
            for runtime, about in runtimes.items()
            if isinstance(about, dict) and about.get("agent") == name
        ),
    ]


def names(agents: Path) -> list[str]:
    """The agents' folders that there are, whatever is in them."""
    return [
        entry.name
        for entry in (sorted(agents.iterdir()) if agents.is_dir() else ())
        if entry.is_dir() and not entry.name.startswith(("_", "."))
    ]


def environments(config: Path) -> dict[str, Mapping[str, Any]]:
    """The content of each ``config/*.yaml`` by its environment's name, unchecked.

    Raises:
        CommandError: One cannot be read.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted(config.glob("*.yaml")):
        try:
            content = load_yaml(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problem = " ".join(str(error).split())
            raise CommandError(f"{config.name}/{file.name} cannot be read: {problem}") from None
        if not isinstance(content, dict):
            raise CommandError(f"{config.name}/{file.name}: the file has to be a mapping")
        found[file.stem] = content
    return found


def remove(agents: Path, name: str) -> None:
    """Delete an agent's folder.

    Raises:
        CommandError: It cannot be deleted.
    """
    folder = agents / name
    with _plain_failures(f"{shown(folder)} cannot be removed"):
        if folder.is_symlink():
            folder.unlink()
            return
        # Whoever looks for agents sees the whole folder, or none.
        going = agents / f".{name}.{os.getpid()}"
        folder.rename(going)
        try:
            shutil.rmtree(going)
        except BaseException:
            # What is left of it belongs where its owner looks for it.
            going.rename(folder)
            raise


def shown(folder: Path) -> str:
    """An agent's folder as a person sees it from the project's."""
    return f"lambda_src/agents/{folder.name}"


@contextmanager
def _plain_failures(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{what}: {error.strerror or error}") from error
