"""Runs of one agent on one project, what may befall their steps, and what may come of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations, permutations
from typing import TypeVar

from tests.project_files import ProjectContent
from tests.turns import Choose, Died, Turns
from tradewind.contracts.errors import ArtifactNotFound, StorageUnavailable, TradewindError
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

R = TypeVar("R")


class Fault(StrEnum):
    """What befalls one call of storage."""

    FAILS = "it fails, and nothing was done"
    REPLY_LOST = "it is done, and said to have failed"
    REPEATED = "it is done, its reply is lost, and the client sends it again"
    KILLED_BEFORE = "the process dies before it"
    KILLED_AFTER = "the process dies once it is done"


@dataclass(frozen=True)
class Call:
    """A tool call: it reads its agent's files, then writes some, and may fail in the end."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    fails: bool = False


@dataclass(frozen=True)
class Run:
    """A request's tool calls, and what befalls which of its calls of storage."""

    calls: tuple[Call, ...]
    faults: Mapping[int, Fault] = field(default_factory=dict)


class _ToolError(Exception):
    """A tool's failure that its model goes on after."""


class Outcome(StrEnum):
    """How a run ended, as its caller knows it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed, and said so"
    UNKNOWN = "nobody can tell"


class TurnTakingStore(MemoryArtifactStore):
    """Storage whose every call is a step, and whose calls may meet faults."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self._calls: dict[int, int] = {}
        self._faults: dict[int, Mapping[int, Fault]] = {}

    def serve(self, worker: int, faults: Mapping[int, Fault]) -> None:
        """Take a worker's calls of its own thread from now on."""
        self._turns.me.number = worker
        self._calls[worker] = 0
        self._faults[worker] = faults

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """As a step."""
        self._step(lambda: super(TurnTakingStore, self).put(key, body, content_type))

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        """As a step."""
        self._step(lambda: super(TurnTakingStore, self).replace(key, body, content_type, etag=etag))

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """As a step."""
        return self._step(lambda: super(TurnTakingStore, self).get_with_etag(key))

    def _step(self, do: Callable[[], R]) -> R:
        self._turns.step()
        worker = getattr(self._turns.me, "number", None)
        if worker is None:
            return do()
        number = self._calls[worker]
        self._calls[worker] += 1
        fault = self._faults[worker].get(number)
        if fault is Fault.KILLED_BEFORE:
            raise Died
        if fault is Fault.FAILS:
            raise StorageUnavailable("planted")
        done = do()
        if fault is Fault.REPEATED:
            return do()
        if fault is Fault.KILLED_AFTER:
            raise Died
        if fault is Fault.REPLY_LOST:
            raise StorageUnavailable("planted")
        return done


def carry_out(runs: Sequence[Run], before: Iterable[Run], choose: Choose) -> None:
    """Let runs take turns on one project that earlier ones have worked on; judge what came of it.

    Raises:
        AssertionError: No order of whole runs, one after the other, leaves what readers see.
    """
    turns = Turns()
    store = TurnTakingStore(turns)
    content = ProjectContent(store)
    start: dict[str, str] = {}
    for at, run in enumerate(before):
        _carry_out(run, f"before{at}", store)
        start = after(start, run, f"before{at}")
    outcomes: dict[int, Outcome] = {}

    def work(at: int, run: Run) -> Callable[[], None]:
        def carry_one_out() -> None:
            store.serve(at, run.faults)
            outcomes[at] = Outcome.UNKNOWN
            outcomes[at] = _carry_out(run, f"run{at}", store)

        return carry_one_out

    for error in turns.run([work(at, run) for at, run in enumerate(runs)], choose):
        assert error is None or isinstance(error, Died), error
    seen = {name: content[f"layout/{name}"].decode() for name in content.entries("layout")}
    assert any(seen == state for state in _serial(runs, outcomes, start)), (seen, outcomes)


def _carry_out(run: Run, name: str, store: MemoryArtifactStore) -> Outcome:
    """A run as the service does it: what fails it leaves nothing."""
    project = Project("moorkoog", "layout", {}, store, request_id=name)
    read: list[str] = []
    try:
        for at, call in enumerate(run.calls):
            try:
                with project.tool_call():
                    for file_name in call.reads:
                        read.append(_read(project, file_name))
                    for file_name in call.writes:
                        body = body_of(name, at, read)
                        project.save(file_name, body.encode(), "text/plain")
                    if call.fails:
                        raise _ToolError  # noqa: TRY301  # it has to be raised within the call
            except _ToolError:
                pass
    except TradewindError:
        project.discard()
        return Outcome.FAILED
    try:
        project.commit()
    except StorageUnavailable:
        assert project.artifacts == []
        return Outcome.UNKNOWN
    except TradewindError:
        assert project.artifacts == []
        return Outcome.FAILED
    return Outcome.SUCCEEDED


def _read(project: Project, file_name: str) -> str:
    try:
        return project.load("layout", file_name).decode()
    except ArtifactNotFound:
        return "-"


def body_of(name: str, call: int, read: Sequence[str]) -> str:
    """What a file holds: who wrote it, of what."""
    return f"{name}.{call}({','.join(read)})"


def after(state: Mapping[str, str], run: Run, name: str) -> dict[str, str]:
    """What a run leaves that nothing befalls and nobody disturbs. Knows nothing of manifests."""
    files = dict(state)
    read: list[str] = []
    for at, call in enumerate(run.calls):
        read += [files.get(file_name, "-") for file_name in call.reads]
        if not call.fails:
            files |= {file_name: body_of(name, at, read) for file_name in call.writes}
    return files


def _serial(
    runs: Sequence[Run], outcomes: Mapping[int, Outcome], start: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """What there may be after: of any order of the runs that took place, those in doubt or not."""
    surely = [at for at, outcome in outcomes.items() if outcome is Outcome.SUCCEEDED]
    perhaps = [at for at, outcome in outcomes.items() if outcome is Outcome.UNKNOWN]
    for count in range(len(perhaps) + 1):
        for some in combinations(perhaps, count):
            for order in permutations((*surely, *some)):
                state = dict(start)
                for at in order:
                    state = after(state, runs[at], f"run{at}")
                yield state
