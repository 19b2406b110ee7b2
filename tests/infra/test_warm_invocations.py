"""What a warm invocation of each deployed function asks for, and what it leaves behind: counted."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.coldstart.cloud import cloud
from bench.coldstart.ours import bundled
from bench.coldstart.recording import RECORDER, put_what_is_in_it
from bench.coldstart.start import Startable, launched
from bench.warm.measuring import Contestant, Endurance, Size, race
from bench.warm.rivals import EMPTY, PER_REQUEST, RECORDS, TAKES, rivals
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from tests.deployed_agents import AGENTS, FIRST, TALKING
from tradewind.contracts.names import API, MCP

INVOCATIONS = 20
OF_AN_AGENT = {"dynamodb PutItem": 1, "dynamodb UpdateItem": 1, "bedrock": 1}
OF_TWO_STEPS = {
    **OF_AN_AGENT,
    "bedrock": 2,
    "s3 GetObject": 1,
    "s3 PutObject": 2,
}
#: Of one invocation. What others do for the same is beside it: no more than that.
REQUESTS: Mapping[str, Mapping[str, int]] = {
    **dict.fromkeys(TALKING, OF_AN_AGENT),
    **dict.fromkeys((name for name in AGENTS if name not in TALKING), OF_TWO_STEPS),
    API: {"dynamodb PutItem": 1, "dynamodb UpdateItem": 1, "lambda Invoke": 1},
    MCP: {},
}
each_function = pytest.mark.parametrize("function", REQUESTS)


@pytest.fixture
def laid_out(tmp_path: Path, function: str) -> Startable:
    """The function, on this checkout's sources."""
    (found,) = bundled(wanted=[function])
    put_what_is_in_it(found.archive.path, tmp_path)
    return found.function(tmp_path, 0)


@each_function
def test_it_asks_for_no_more_than_it_needs_on_one_connection_for_each_service(
    laid_out: Startable,
) -> None:
    name = laid_out.name
    with race([Contestant(laid_out)]) as running:
        warm = running.run(INVOCATIONS)[name]
        settled = Size.of(running.processes[name].pid)
        for _ in range(INVOCATIONS):
            running.invoke(name)
        later = Size.of(running.processes[name].pid)
    assert warm.requests == {asked: n * INVOCATIONS for asked, n in REQUESTS[name].items()}
    assert set(warm.connections.values()) <= {1}
    assert len(warm.connections) == len({asked.split()[0] for asked in REQUESTS[name]})
    assert (later.threads, later.descriptors) == (settled.threads, settled.descriptors)


@each_function
def test_the_second_invocation_imports_nothing(laid_out: Startable, tmp_path: Path) -> None:
    file = tmp_path / "imports.json"
    program = ("-P", str(RECORDER), str(file))
    with cloud() as endpoints, launched(laid_out, endpoints, LAMBDA_RUNTIME, program) as process:
        imported = []
        for _ in range(2):
            process.ask()
            process.wait_until_idle()  # it has written by then what the answer took
            imported.append(set(json.loads(file.read_text(encoding="utf-8"))))
    assert imported[1] - imported[0] == set()


@contextlib.contextmanager
def others(folder: Path) -> Iterator[dict[str, Contestant]]:
    yield {one.name: Contestant.rival(one) for one in rivals(folder)}


def test_what_they_are_compared_with_asks_for_the_same(tmp_path: Path) -> None:
    with others(tmp_path) as there, race([*there.values()]) as running:
        found = running.run(INVOCATIONS)
    expected = {EMPTY: {}, RECORDS: REQUESTS[FIRST], TAKES: REQUESTS[API]}
    for name, requests in expected.items():
        assert found[name].requests == {asked: n * INVOCATIONS for asked, n in requests.items()}
        assert set(found[name].connections.values()) <= {1}
    # Its clients are new for each request, and so are their connections: the servers see it.
    assert min(found[PER_REQUEST].connections.values()) >= INVOCATIONS
    assert all(
        own <= took
        for own, took in zip(found[RECORDS].own_ms, found[RECORDS].times_ms, strict=True)
    )


def test_the_slope_is_of_what_comes_after_the_first_tenth() -> None:
    sizes = {at: Size(50 + (at / 1000 if at > 100 else 40), 1, 9) for at in range(0, 1001, 10)}
    assert Endurance(sizes, {}).mb_per_1000 == pytest.approx(1)
