"""Requests whose tools ask fakes."""

import pytest

from agents.terrain.tests.fakes import Map, Weather
from agents.terrain.tools import areas, wind
from siting.tests.chain import project_for
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


@pytest.fixture
def the_map(monkeypatch: pytest.MonkeyPatch) -> Map:
    fake = Map()
    monkeypatch.setattr(areas, "overpass", lambda: fake)
    return fake


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Weather:
    fake = Weather()
    monkeypatch.setattr(wind, "power", lambda: fake)
    return fake


@pytest.fixture
def project() -> Project:
    return project_for("terrain", MemoryArtifactStore())
