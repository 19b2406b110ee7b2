"""Callers that ask the deployed API, look until their answer is there, and ask again.

A caller sends what a client of the API is told to send: a key, so that an answer that was lost can
be asked for again, and ``Prefer: respond-async``; it looks again when ``Retry-After`` says so.
"""

import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from cli.api.address import Address
from cli.api.connection import Connection, Lost, NotSent, Reply

#: States of an invocation at work.
_AT_WORK: Final = frozenset({"pending", "running"})
#: Of one request, where its answer is lost or the gateway has none.
_TRIES: Final = 20
#: Where an answer does not say when to come again, in seconds.
_PAUSE_S: Final = 1.0
_OK, _ACCEPTED, _BUSY, _SERVER_ERROR = 200, 202, 429, 500


@dataclass
class Asked:
    """An invocation that the API accepted.

    Attributes:
        id: As the API calls it.
        agent: Who was asked.
        sent: When it was sent first, by the monotonic clock.
        seen: When its caller saw its end; None until then.
        state: The last that its caller saw.
        document: The invocation as its caller saw it last.
    """

    id: str
    agent: str
    sent: float
    seen: float | None = None
    state: str = "pending"
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Seen:
    """What the callers saw, all together.

    Attributes:
        asked: Every invocation that was accepted.
        calls_ms: How long each call of the API took.
        refused: How often the API said to come again later.
        repeated: Answers that were lost or none, by what came; each was asked for again.
        errors: What ended a request for good before it was accepted, or a caller's patience.
    """

    asked: list[Asked] = field(default_factory=list)
    calls_ms: list[float] = field(default_factory=list)
    refused: int = 0
    repeated: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Callers:
    """So many callers at once, on a number of kept connections.

    Args:
        address: Of the API.
        callers: How many; each has one invocation at a time.
        connections: Calls that are under way at once at most; each is an instance of the API's
            function.
        questions: What is asked of each agent, in turns.
    """

    def __init__(
        self,
        address: Address,
        *,
        callers: int,
        connections: int,
        questions: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> None:
        self.seen = Seen()
        self._count = callers
        self._questions = questions
        self._free: queue.Queue[Connection] = queue.Queue()
        for _ in range(min(connections, callers)):
            self._free.put(Connection(address))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._give_up = float("inf")

    @contextmanager
    def at_work(self, patience_s: float) -> Iterator[Seen]:
        """Have them ask; at the end of the block none asks anew, and each waits for its answer.

        Args:
            patience_s: For how long they wait after it.
        """
        threads = [
            threading.Thread(target=self._call, args=(number,), daemon=True)
            for number in range(self._count)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self.seen
        finally:
            self._give_up = time.monotonic() + patience_s
            self._stop.set()
            for thread in threads:
                thread.join()

    def _call(self, number: int) -> None:
        while not self._stop.is_set():
            agent, body = self._questions[number % len(self._questions)]
            number += self._count
            asked = self._ask(agent, body)
            if asked is not None:
                self._look(asked)

    def _ask(self, agent: str, body: Mapping[str, Any]) -> Asked | None:
        sent, path = time.monotonic(), f"/agents/{agent}/invocations"
        headers = {"Prefer": "respond-async", "Idempotency-Key": uuid.uuid4().hex}
        reply = self._send("POST", path, headers, dict(body))
        if reply is None:
            return None
        if reply.status == _BUSY:
            with self._lock:
                self.seen.refused += 1
            self._stop.wait(_retry_after(reply))
            return None
        # A repeat of what has ended by now is answered with the end.
        document = reply.document()
        if reply.status not in (_OK, _ACCEPTED) or "id" not in document:
            self._err(f"{reply.status} {document.get('code')}")
            return None
        asked = Asked(document["id"], agent, sent)
        with self._lock:
            self.seen.asked.append(asked)
        return asked

    def _look(self, asked: Asked) -> None:
        while True:
            reply = self._send("GET", f"/invocations/{asked.id}")
            if reply is None:
                return
            if reply.status != _OK:
                self._err(f"look: {reply.status}")
                return
            asked.document = reply.document()
            asked.state = asked.document["state"]
            if asked.state not in _AT_WORK:
                asked.seen = time.monotonic()
                return
            if time.monotonic() > self._give_up:
                self._err("no end was seen")
                return
            time.sleep(_retry_after(reply))

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Reply | None:
        """Send until there is an answer; None where there is none in the end."""
        for _ in range(_TRIES):
            connection = self._free.get()
            began = time.monotonic()
            try:
                reply = connection.send(method, path, headers=headers, body=body)
                what = str(reply.status)
            except (Lost, NotSent) as error:
                reply, what = None, type(error).__name__
            finally:
                self._free.put(connection)
            with self._lock:
                self.seen.calls_ms.append((time.monotonic() - began) * 1000)
                if reply is not None and reply.status < _SERVER_ERROR:
                    return reply
                self.seen.repeated[what] += 1
            time.sleep(_PAUSE_S)
        self._err(f"no answer: {what}")
        return None

    def _err(self, what: str) -> None:
        with self._lock:
            self.seen.errors[what] += 1


def _retry_after(reply: Reply) -> float:
    return float(reply.headers.get("retry-after", _PAUSE_S))
