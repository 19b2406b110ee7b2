"""A project that has its land."""

import pytest

from siting.tests.chain import run_until
from tradewind.run.memory_artifacts import MemoryArtifactStore


@pytest.fixture(scope="module")
def terrain() -> dict[str, bytes]:
    return run_until("terrain").objects


@pytest.fixture
def store(terrain: dict[str, bytes]) -> MemoryArtifactStore:
    made = MemoryArtifactStore()
    made.objects = dict(terrain)
    return made
