"""Between the engine's event loop and the SDK: each requested step is resolved exactly once.

The loop and the SDK share the handler's thread, in turns. The loop runs until nothing in it can
run any more; then what its tasks have asked for is handed to the SDK, one answer is taken back, and
the loop runs again. When there is no answer to take, the invocation ends, and the service begins
another when there is one. So no thread outlives an invocation, and nothing of the engine runs while
the SDK does.

THE INVARIANT: a request is in exactly one of three places, ``_new``, ``_open`` or ``_answers``,
until its future is done; its future is made done in one place, ``_resolve``, which takes it out of
``_answers`` first. In each branch:

- completed, failed: an operation's end, a value or an error, is put into ``_answers`` when it is
  found, from ``_new`` or ``_open``, and from there it is resolved. A second end of the operation
  cannot be found: its request is in neither place any more.
- answered earlier, in a replay: the same; an operation that ended long ago ends in the order in
  which it did then, so that the engine goes the way that it went.
- suspended: the operation has no end. Its request stays in ``_open``, and its future ends with the
  invocation, cancelled. The next invocation makes the same request, of the same name, and finds
  the operation there: nothing begins twice.
- cancelled, by the engine or by the budget of time: the future is done. ``_dropped`` takes the
  request out wherever it is, before any turn's answers are looked at. The operation may end; nobody
  asks for it, in a replay neither.
- no operation may begin any more, the service's limit being reached: that is the request's answer.
- the SDK raises what is no operation's end (the history does not fit, checkpoints cannot be
  written, the process is told to go): no answer is taken. The engine is cancelled, all futures with
  it, and the error goes to the SDK, which ends the invocation. What was begun is in the history.
- killed, or the function's time is up: nothing of this is left; the history is all that counts,
  and it is as in "suspended".
- the engine ends with requests open: they are cancelled before it ends, since nothing of a run
  goes on after it.
- asked for once the run is over: refused at once, and it is in no place.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aws_durable_execution_sdk_python.exceptions import SuspendExecution

from tradewind.durable.operations import Begin, Ended, Operations
from tradewind.durable.turns import TurnLoop
from tradewind.workflow.engine.errors import BudgetSpent
from tradewind.workflow.engine.operations import MOST_OPERATIONS

_T = TypeVar("_T")
#: Operations that begin at once share a checkpoint; so many threads wait for it.
_THREADS: Final = 32


@dataclass(eq=False, slots=True)
class _Request:
    name: str
    begin: Begin
    future: "asyncio.Future[Any]"


@dataclass(order=True, slots=True)
class _Answer:
    """In the order in which operations ended, and then in which they were asked for."""

    ended_at: float
    place: int
    request: _Request = field(compare=False)
    ended: Ended | None = field(compare=False)


class Bridge:
    """Hands the requests of one invocation's run to the SDK.

    Args:
        operations: The execution's.
        loop: The engine's.
    """

    def __init__(self, operations: Operations, loop: TurnLoop) -> None:
        self._operations = operations
        self._loop = loop
        self._new: dict[str, _Request] = {}
        self._open: dict[str, _Request] = {}
        self._answers: list[_Answer] = []
        self._places = itertools.count()
        self._names: set[str] = set()
        self._over = False

    async def ask(self, name: str, begin: Begin) -> Any:
        """Begin an operation, or find it, and wait for its end.

        Args:
            name: The operation's: no two have the same.
            begin: Begins it.

        Raises:
            DurableOperationError: It failed.
            BudgetSpent: There are as many operations as there may be.
        """
        if self._over:
            raise asyncio.CancelledError
        if name in self._names:
            raise RuntimeError(f"{name} was asked for before")
        self._names.add(name)
        request = _Request(name, begin, self._loop.create_future())
        self._new[name] = request
        return await request.future

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run to the end, or to where it waits for what is outside.

        Raises:
            SuspendExecution: It waits.
        """
        task = self._loop.create_task(work)
        try:
            self._loop.run_turn()
            while not task.done():
                self._exchange()
                self._loop.run_turn()
        finally:
            self._over = True
            self._loop.unwind(task)
        return task.result()

    def _exchange(self) -> None:
        """Hand over what was asked for, and take one answer back.

        Raises:
            SuspendExecution: There is none.
        """
        self._dropped()
        new, self._new = self._new, {}
        begins: list[_Request] = []
        for name, request in new.items():
            ended_at = self._operations.ended_at(name)
            if ended_at is not None:
                self._answer(request, ended_at)
            elif self._operations.is_begun(name):
                begins.append(request)
            elif self._operations.begun < MOST_OPERATIONS:
                self._operations.count()
                begins.append(request)
            else:
                spent = BudgetSpent(f"a run may have {MOST_OPERATIONS:,} durable operations")
                self._answer(request, None, Ended(error=spent))
        if begins:
            self._begin(begins)
        if not self._answers:
            raise SuspendExecution("everything that can be done is done")
        self._resolve(heapq.heappop(self._answers))

    def _begin(self, requests: list[_Request]) -> None:
        for request, ended in zip(requests, self._carried(requests), strict=True):
            if ended is None:
                self._open[request.name] = request
            else:
                self._answer(request, self._operations.ended_at(request.name), ended)
        # A checkpoint's reply tells of operations that ended meanwhile.
        for name, request in list(self._open.items()):
            ended_at = self._operations.ended_at(name)
            if ended_at is not None:
                del self._open[name]
                self._answer(request, ended_at)

    def _carried(self, requests: list[_Request]) -> list[Ended | None]:
        if len(requests) == 1:
            return [self._operations.carry(requests[0].name, requests[0].begin)]
        with ThreadPoolExecutor(min(len(requests), _THREADS)) as threads:
            return list(
                threads.map(lambda one: self._operations.carry(one.name, one.begin), requests)
            )

    def _answer(
        self, request: _Request, ended_at: float | None, ended: Ended | None = None
    ) -> None:
        at = math.inf if ended_at is None else ended_at
        heapq.heappush(self._answers, _Answer(at, next(self._places), request, ended))

    def _resolve(self, answer: _Answer) -> None:
        request = answer.request
        ended = answer.ended or self._operations.carry(request.name, request.begin)
        if ended is None:
            raise SuspendExecution(f"{request.name} has ended, and its result cannot be had")
        if ended.error is not None:
            request.future.set_exception(ended.error)
        else:
            request.future.set_result(ended.value)

    def _dropped(self) -> None:
        """Forget what nobody waits for any more."""
        for place in (self._new, self._open):
            for name in [name for name, one in place.items() if one.future.done()]:
                del place[name]
        if any(answer.request.future.done() for answer in self._answers):
            self._answers = [one for one in self._answers if not one.request.future.done()]
            heapq.heapify(self._answers)
