"""Sessions: a process each, for as long as it is used and no longer than it may live.

Runs on the server's event loop. The time is injected, so that nothing waits for it in a test.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from devtools.localcloud.extension.agentcore.records import Version


class Key(NamedTuple):
    """Whose process it is: another version or endpoint has another."""

    runtime_id: str
    endpoint: str
    version: int
    session_id: str


class SessionEnded(Exception):
    """The session was ended while it started."""


class Process(Protocol):
    """An agent's process that answered its first ``/ping``."""

    def alive(self) -> bool:
        """Whether it runs."""

    async def busy(self) -> bool:
        """Whether it says that it works in the background."""

    def end(self) -> None:
        """End it, and what it serves."""


P = TypeVar("P", bound=Process)


@dataclass
class _Session(Generic[P]):
    """A session's process, or its start.

    Attributes:
        process: Done when it is ready.
        began: When it was started.
        used: When it was last known to be at work.
        at_work: How many requests it serves.
    """

    version: Version
    process: "asyncio.Task[P]"
    began: float
    used: float
    at_work: int = 0

    def ready(self) -> P | None:
        """The process, once it is ready."""
        done = self.process.done() and not self.process.cancelled()
        return self.process.result() if done and self.process.exception() is None else None


class Sessions(Generic[P]):
    """The sessions of every runtime.

    Args:
        start: Starts the process of a session and waits until it is ready.
        now: The time, in seconds.
    """

    def __init__(
        self, start: Callable[[Key, Version], Awaitable[P]], now: Callable[[], float]
    ) -> None:
        self._start = start
        self._now = now
        self._sessions: dict[Key, _Session[P]] = {}

    @contextlib.asynccontextmanager
    async def use(self, key: Key, version: Version) -> AsyncIterator[P]:
        """Have a session's process for one request, started where there is none.

        Those that come while it starts wait for the same start.

        Raises:
            SessionEnded: It was stopped meanwhile.
            Exception: What ``start`` raised; the next request starts it anew.
        """
        if (found := self._sessions.get(key)) is not None:
            await self._sweep(key, found)
        session = self._session(key, version)
        session.at_work += 1
        try:
            yield await self._started(session)
        finally:
            session.at_work -= 1
            session.used = self._now()
            if session.process.done() and session.ready() is None:
                self._forget(key, session)

    def _session(self, key: Key, version: Version) -> _Session[P]:
        found = self._sessions.get(key)
        if found is not None and self._usable(found):
            return found
        if found is not None:
            self._end(key, found)
        now = self._now()

        async def start() -> P:
            return await self._start(key, version)

        session = _Session(version, asyncio.ensure_future(start()), now, now)
        self._sessions[key] = session
        return session

    @staticmethod
    async def _started(session: _Session[P]) -> P:
        try:
            # A caller that hangs up takes the start from nobody else.
            return await asyncio.shield(session.process)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if session.process.cancelled() and not (task and task.cancelling()):
                raise SessionEnded from None
            raise

    def _usable(self, session: _Session[P]) -> bool:
        if not session.process.done():
            return True
        process = session.ready()
        return process is not None and process.alive() and not self._too_old(session)

    def _too_old(self, session: _Session[P]) -> bool:
        return self._now() - session.began >= session.version.lifetime_s

    def _idle(self, session: _Session[P]) -> bool:
        return session.at_work == 0 and self._now() - session.used >= session.version.idle_s

    def stop(self, runtime_id: str, endpoint: str, session_id: str) -> bool:
        """End a session, of whatever version.

        Returns:
            Whether there was one.
        """
        return self.end_where(
            lambda key: (
                (key.runtime_id, key.endpoint, key.session_id) == (runtime_id, endpoint, session_id)
            )
        )

    def end_where(self, wanted: Callable[[Key], bool]) -> bool:
        """End sessions.

        Returns:
            Whether there was one.
        """
        found = [(key, each) for key, each in list(self._sessions.items()) if wanted(key)]
        for key, session in found:
            self._end(key, session)
        return bool(found)

    async def sweep(self) -> None:
        """End the sessions whose time is over. Those that say they are busy are not idle."""
        for key, session in list(self._sessions.items()):
            await self._sweep(key, session)

    async def _sweep(self, key: Key, session: _Session[P]) -> None:
        process = session.ready()
        if process is None:
            return  # it starts, and that has a limit of its own
        if not process.alive():
            self._forget(key, session)
        elif self._too_old(session):
            self._end(key, session)
        elif self._idle(session):
            if await process.busy():
                session.used = self._now()
            elif self._idle(session):  # still, after the wait
                self._end(key, session)

    def _end(self, key: Key, session: _Session[P]) -> None:
        self._forget(key, session)
        process = session.ready()
        if process is not None:
            process.end()
        else:
            session.process.cancel()

    def _forget(self, key: Key, session: _Session[P]) -> None:
        if self._sessions.get(key) is session:
            del self._sessions[key]
