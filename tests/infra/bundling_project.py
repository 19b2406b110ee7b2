"""A project in miniature, with a registry of its own, to build bundles of."""

import zipfile
from pathlib import Path

import pytest

from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from tests.infra.wheels import Wheelhouse, usual_closure
from tests.sample_agents import SAMPLES

BUDGET_MB = 100

#: What is not a library.
OURS = {"agents", "siting", "tradewind"}


class Project:
    """A project with its own runtime package, pins and wheels."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.wheels = Wheelhouse(folder / "wheels")
        package = self.root / "lambda_src" / "tradewind"
        (package / "run" / "templates").mkdir(parents=True)
        agent = self.root / "lambda_src" / "agents" / "report"
        agent.mkdir(parents=True)
        siting = self.root / "lambda_src" / "siting"
        siting.mkdir()
        (siting / "__init__.py").write_text("")
        (package / "__pycache__").mkdir()
        (package / "__init__.py").write_text('"""The runtime."""\n')
        (package / "run" / "report.py").write_text(
            "def known(letter: str) -> bool:\n    return letter in {'a', 'b', 'c', 'd', 'e'}\n"
        )
        (package / "run" / "templates" / "report.html").write_text("<html>")
        (package / "__pycache__" / "stale.pyc").write_bytes(b"stale")
        self.shared = self.root / "lambda_src" / "requirements"
        self.shared.mkdir()
        for name in ("core.txt", "strands.txt", "pydantic-ai.txt"):
            (self.shared / name).write_text("# Nothing.\n")
        (agent / "requirements.in").touch()
        (agent / "agent.py").write_text('"""The agent."""\n')
        self.requirements = agent / "requirements.txt"
        self.requirements.write_text(usual_closure(self.wheels))

    def bundle(self, budget_mb: int = BUDGET_MB) -> Archive:
        return Bundler(self.root).bundle(SAMPLES["report"], "arm64", budget_mb)

    def lose_wheels(self) -> None:
        """From now on, nothing can be installed."""
        for wheel in self.wheels.folder.iterdir():
            wheel.unlink()


@pytest.fixture(name="project")
def project_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.wheels.registry)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return made


def names_in(archive: Archive) -> set[str]:
    with zipfile.ZipFile(archive.path) as zipped:
        return set(zipped.namelist())


def read(archive: Archive, name: str) -> bytes:
    with zipfile.ZipFile(archive.path) as zipped:
        return zipped.read(name)
