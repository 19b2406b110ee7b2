"""A project as it is before its report, and a whole report."""

from typing import Any

import pytest

from agents.report.tests.reading import Page, make_charts, page_of, pdf_of, report_on
from siting.tests.chain import run_until
from tradewind.run.memory_artifacts import MemoryArtifactStore


@pytest.fixture(scope="module")
def chain() -> dict[str, bytes]:
    store = run_until("simulation")
    make_charts(store)
    return store.objects


@pytest.fixture
def store(chain: dict[str, bytes]) -> MemoryArtifactStore:
    """A project that lacks only its report."""
    store = MemoryArtifactStore()
    store.objects = dict(chain)
    return store


@pytest.fixture(scope="module")
def whole(chain: dict[str, bytes]) -> MemoryArtifactStore:
    """A project with its report."""
    store = MemoryArtifactStore()
    store.objects = dict(chain)
    report_on(store)
    return store


@pytest.fixture(scope="module")
def page(whole: MemoryArtifactStore) -> Page:
    return page_of(whole)


@pytest.fixture(scope="module")
def pdf(whole: MemoryArtifactStore) -> Any:
    return pdf_of(whole)
