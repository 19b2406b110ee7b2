"""Storage whose every call is a step that somebody has to let happen, and that may go wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.bad_day.memory_table import MemoryTable
from tests.turns import Died, Turns
from tests.unit.run.project_runs import Fault
from tradewind.contracts.errors import StorageUnavailable
from tradewind.contracts.names import RECORD_ATTEMPT, RECORD_KEY
from tradewind.run.memory_artifacts import MemoryArtifactStore

R = TypeVar("R")


class Clock:
    """The records' clock, in place of the module ``time``."""

    now = 1_000_000_000.0

    def time(self) -> float:
        return self.now


CLOCK: Final = Clock()


class Process:
    """What one sending of a request is served in.

    Args:
        faults: What befalls which of its calls of storage, from 0 on.

    Attributes:
        attempt: As what it has begun, or tried to begin, its request's record.
    """

    def __init__(self, faults: Mapping[int, Fault]) -> None:
        self.faults = faults
        self.calls = 0
        self.attempt = ""
        self.dead = False


class Steps:
    """Lets processes do their calls one by one.

    Args:
        events: Where it is counted what befell them.
    """

    def __init__(self, events: Counter[str]) -> None:
        self.turns = Turns()
        self._events = events
        self._processes: list[Process] = []

    @property
    def me(self) -> Process:
        """The process at work."""
        process: Process = self.turns.me.process
        return process

    @contextmanager
    def process(self, faults: Mapping[int, Fault]) -> Iterator[Process]:
        """A process in this thread. Outside of one, nothing befalls a call."""
        self.turns.me.process = process = Process(faults)
        self._processes.append(process)
        try:
            yield process
        finally:
            self.turns.me.process = None
            self._processes.remove(process)

    def kill_all(self, *, but: str | None = None) -> list[Process]:
        """Kill what is at work, but one attempt: none of it does another thing."""
        for process in self._processes:
            process.dead = but is None or process.attempt != but
        return [*self._processes]

    def take(self, do: Callable[[], R], refused: Exception, cut: Exception) -> R:
        """Wait for one's turn; do it, or let happen what befalls it."""
        process: Process | None = getattr(self.turns.me, "process", None)
        self.turns.step()
        if process is None:
            return do()
        fault = process.faults.get(process.calls)
        process.calls += 1
        _require_alive(process)
        if fault is not None:
            self._events[fault] += 1
        process.dead = fault is Fault.KILLED_BEFORE
        _require_alive(process)
        if fault is Fault.FAILS:
            raise refused
        done = do()
        process.dead = fault is Fault.KILLED_AFTER
        _require_alive(process)
        if fault is Fault.REPLY_LOST:
            raise cut
        if fault is not Fault.REPEATED:
            return done
        self.turns.step()
        _require_alive(process)
        return do()


def _require_alive(process: Process) -> None:
    if process.dead:
        raise Died


class SteppedTable(MemoryTable):
    """A table; each call is a step.

    Args:
        steps: Whose.
        updated: Is told of each item that was updated.
    """

    def __init__(self, steps: Steps, updated: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._steps = steps
        self._updated = updated

    def put_item(self, **request: Any) -> dict[str, Any]:
        self._steps.me.attempt = request["Item"][RECORD_ATTEMPT]["S"]
        return self._step("PutItem", lambda: super(SteppedTable, self).put_item(**request))

    def update_item(self, **request: Any) -> dict[str, Any]:
        begun_with = request["ExpressionAttributeValues"].get(f":set_{RECORD_ATTEMPT}")
        if begun_with is not None:
            self._steps.me.attempt = begun_with["S"]

        def update() -> dict[str, Any]:
            updated = super(SteppedTable, self).update_item(**request)
            self._updated(self.items[request["Key"][RECORD_KEY]["S"]])
            return updated

        return self._step("UpdateItem", update)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._step("GetItem", lambda: super(SteppedTable, self).get_item(**request))

    def _step(self, name: str, do: Callable[[], R]) -> R:
        refused = ClientError({"Error": {"Code": "InternalServerError"}}, name)
        return self._steps.take(do, refused, ConnectionClosedError(endpoint_url="https://table"))


class SteppedStore(MemoryArtifactStore):
    """A store; each call is a step.

    Args:
        steps: Whose.
        switched: Is told of each manifest that was replaced.
    """

    def __init__(self, steps: Steps, switched: Callable[[], None]) -> None:
        super().__init__()
        self._steps = steps
        self._switched = switched

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._step(lambda: super(SteppedStore, self).put(key, body, content_type))

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        def switch() -> None:
            super(SteppedStore, self).replace(key, body, content_type, etag=etag)
            self._switched()

        self._step(switch)

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        return self._step(lambda: super(SteppedStore, self).get_with_etag(key))

    def _step(self, do: Callable[[], R]) -> R:
        failure = StorageUnavailable("planted")
        return self._steps.take(do, failure, failure)
