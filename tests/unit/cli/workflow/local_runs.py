"""``tradewind run`` in this process, with agents of its memory, and a disk that a test can stop."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cli.__main__ import tradewind
from cli.workflow import artifact_files, sessions, start
from cli.workflow.disk import Disk
from cli.workflow.models import Surroundings
from tradewind.workflow.engine.calls import Agents
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.spec.loader import Loaded


class Killed(BaseException):
    """The process is gone: nothing of it writes any more."""


class MortalDisk(Disk):
    """A disk under a process that ends before its ``last``-th operation, or in the middle of it."""

    def __init__(self) -> None:
        self.operations = 0
        self.last: float | None = None
        self.dead = False

    def _count(self) -> bool:
        """Whether this operation is to be cut in the middle."""
        if self.dead:
            raise Killed
        self.operations += 1
        if self.last is not None and self.operations >= self.last:
            self.dead = True
            if self.operations == self.last:
                raise Killed
            return True
        return False

    def create(self, name: str | Path, **how: Any) -> int:
        if self._count():
            raise Killed
        return super().create(name, **how)

    def add(self, file: int, content: bytes) -> None:
        if self._count():
            super().add(file, content[: len(content) // 2])
            raise Killed
        super().add(file, content)

    def rename(self, old: Path, new: Path) -> None:
        if self._count():
            old.replace(new)
            raise Killed
        super().rename(old, new)

    def name(self, part: str, name: str, *, at: int, force: bool) -> None:
        if self._count():
            raise Killed
        super().name(part, name, at=at, force=force)

    def settle(self, folder: Path) -> None:
        if self.dead:
            raise Killed
        super().settle(folder)


class LocalRuns:
    """Runs of the command in a folder of its own.

    Attributes:
        folder: Where the command is run.
        agents: Who answers its calls.
        opened: The runs that agents were opened for.
        open_ones: How many of them are not closed yet.
        disk: What it writes to.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.agents: Agents = MemoryAgents()
        self.opened: list[str] = []
        self.open_ones = 0
        self.disk = MortalDisk()
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.chdir(folder)
        # What is on the disk after a loss of power is not looked at here, and syncing takes time.
        patch.setattr("os.fsync", lambda _file: None)
        patch.setattr(start, "open_models", self._open)
        patch.setattr(
            start, "surroundings", lambda _spec, consent: Surroundings({"C": str(consent)})
        )
        for module in (sessions, artifact_files):
            patch.setattr(module, "Disk", lambda: self.disk)

    @asynccontextmanager
    async def _open(
        self, _loaded: Loaded, run_id: str, _environ: Mapping[str, str], _allow: Any
    ) -> AsyncIterator[tuple[Agents, Any]]:
        self.opened.append(run_id)
        self.open_ones += 1
        try:
            yield self.agents, {"models_made": 1}
        finally:
            self.open_ones -= 1

    def write(self, data: Mapping[str, Any], name: str = "flow.yaml") -> str:
        """Write a workflow's file."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(dict(data), sort_keys=False), encoding="utf-8")
        return name

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run the command."""
        return CliRunner().invoke(tradewind, arguments, input=stdin, catch_exceptions=False)

    def told(self, *arguments: str) -> dict[str, Any]:
        """Run it with ``--json``."""
        done = self("run", *arguments, "--json")
        told: dict[str, Any] = json.loads(done.stdout)
        assert told["exit_code"] == done.exit_code
        return told

    def sessions(self) -> list[Path]:
        """The folders of sessions."""
        return sorted((self.folder / "data" / "tradewind" / "sessions").glob("[!.]*"))


def flow(pattern: str, config: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow of agents a, b and c."""
    return {
        "version": 0,
        "name": "flow",
        "runtime": {"provider": "ollama", "host": "http://localhost:1", "model_id": "m"},
        "agents": {name: {"prompt": f"You are {name}."} for name in "abc"},
        "pattern": {"type": pattern, "config": dict(config)},
        **more,
    }


Make = Callable[[], LocalRuns]
