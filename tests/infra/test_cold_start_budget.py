"""What each function imports until its first answer, and how large its bundle is, is agreed."""

from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from bench.coldstart.budget import FILE, MEASURED, Budget
from bench.coldstart.cloud import cloud
from bench.coldstart.ours import bundled
from bench.coldstart.recording import imports_of
from tests.deployed_agents import AGENTS
from tradewind.contracts.names import API, MCP

each_function = pytest.mark.parametrize("function", [*AGENTS, API, MCP])


@cache
def budget() -> Budget:
    return Budget.load(FILE)


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Mapping[str, str]]:
    with cloud() as there:
        yield there


@each_function
def test_nothing_is_imported_that_is_not_agreed(
    endpoints: Mapping[str, str], function: str
) -> None:
    (found,) = bundled(wanted=[function])
    faults = budget().faults_of_imports(function, imports_of(found, endpoints))
    assert not faults, "\n".join(faults)


@each_function
def test_no_bundle_is_larger_than_agreed(function: str) -> None:
    (found,) = bundled(MEASURED, [function])
    assert budget().fault_of_size(function, found.archive.unzipped_bytes) is None


def test_nothing_is_agreed_for_what_is_not_there() -> None:
    assert set(budget().modules) == set(budget().bundle_mb) == {*AGENTS, API, MCP}
