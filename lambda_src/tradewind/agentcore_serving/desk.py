"""Where an agent's process on AgentCore Runtime does its work: one request at a time.

A process there is a session's own, and a session may send several requests at once. The agent's
service takes one at a time, so another is told that the agent is busy.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, Final

from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import AgentBusy, InternalError, TradewindError
from tradewind.handlers.served import ServedRequest, answer_of
from tradewind.handlers.service import AgentService
from tradewind.run.events import RunEvent
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import ProcessStart

#: What the agent answers, as JSON values.
Document = dict[str, Any]


class Invocation:
    """What the service is told of a request here. A ``LambdaContext``."""

    def __init__(
        self,
        request_id: str,
        time_limit_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.aws_request_id = request_id
        self._clock = clock
        self._ends_at = clock() + time_limit_s

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until nobody waits for the answer any more."""
        return max(0, int((self._ends_at - self._clock()) * 1000))


class Job:
    """One request at work. It is a ``Watcher`` of it, and tells another.

    Attributes:
        done: Its answer, once there is one. It never fails.
    """

    def __init__(
        self,
        begun: Callable[[str], object] | None = None,
        heard: Callable[[RunEvent], object] | None = None,
    ) -> None:
        """Tell of it.

        Args:
            begun: Told the project when the agent begins its work.
            heard: Told what happens in the run.
        """
        self.done: Future[Document] = Future()
        self._tell_begun = begun
        self._tell_heard = heard
        self._changed = threading.Lock()
        self._cancelled = False
        self._cancel: Callable[[], object] | None = None

    def begun(self, project_id: str, cancel: Callable[[], object]) -> None:
        """See ``Watcher``."""
        if self._tell_begun is not None:
            self._tell_begun(project_id)
        with self._changed:
            self._cancel = cancel
            cancelled = self._cancelled
        if cancelled:
            cancel()

    def heard(self, happened: RunEvent) -> None:
        """See ``Watcher``."""
        if self._tell_heard is not None:
            self._tell_heard(happened)

    def cancel(self) -> None:
        """Nobody waits for it any more. No effect on what has ended."""
        with self._changed:
            self._cancelled = True
            cancel = self._cancel
        if cancel is not None:
            cancel()


class Desk:
    """Does one request at a time, each in a thread of its own.

    Args:
        service: Serves the agent's requests.
        agent: Its name.
        time_limit_s: What a request may take.
    """

    def __init__(self, service: AgentService, agent: str, time_limit_s: float) -> None:
        self.agent: Final = agent
        self._service = service
        self._time_limit_s = time_limit_s
        self._changed = threading.Lock()
        self._job: Job | None = None
        self._closed = False

    @property
    def is_busy(self) -> bool:
        """Whether a request is at work."""
        return self._job is not None

    def take(self, event: object, request_id: str, job: Job) -> None:
        """Begin a request, or answer at once that the agent is busy.

        Args:
            event: What is asked, as the agent's Lambda function takes it.
            request_id: Names the request unless it brings an id of its own.
            job: Has the answer later.
        """
        invocation = Invocation(request_id, self._time_limit_s)
        with self._changed:
            refused = self._closed or self._job is not None
            if not refused:
                self._job = job
        if refused:
            error = AgentBusy(
                "This session's process works on another request, or is about to end; ask again "
                "when that one is answered, or in a session of its own."
            )
            get_logger().warning("A request was refused", error_code=error.code)
            job.done.set_result(self._failed(error, request_id))
            return
        thread = threading.Thread(
            target=copy_context().run, args=(self._work, event, invocation, job), name="request"
        )
        try:
            thread.start()
        except RuntimeError as error:  # there is no room for one
            self._end(job, self._unexpected(error, request_id))

    def close(self) -> None:
        """Take no more, and cancel what is at work: the process is about to end."""
        with self._changed:
            self._closed = True
            job = self._job
        if job is not None:
            job.cancel()

    def wait_until_free(self, at_most_s: float) -> None:
        """Wait for what is at work to write its end."""
        with self._changed:
            job = self._job
        if job is not None:
            wait([job.done], at_most_s)

    def _work(self, event: object, invocation: Invocation, job: Job) -> None:
        try:
            answer = self._service.serve(event, invocation, job).document
        except Exception as error:
            answer = self._unexpected(error, invocation.aws_request_id)
        self._end(job, answer)

    def _end(self, job: Job, answer: Document) -> None:
        # Free before anybody has the answer: who has it may ask again at once.
        with self._changed:
            self._job = None
        job.done.set_result(answer)

    def _unexpected(self, error: Exception, request_id: str) -> Document:
        log_defect("A request failed unexpectedly", error)
        unexpected = InternalError("An unexpected error; the runtime's log has it.")
        return self._failed(unexpected, request_id)

    def _failed(self, error: TradewindError, request_id: str) -> Document:
        """The answer to a request that the service has no answer to."""
        served = ServedRequest(
            request_id=request_id,
            process_start=ProcessStart.WARM,
            init_ms=self._service.init_ms,
            deadline=Deadline(0),
        )
        return answer_of(served, self.agent, error).model_dump(mode="json")
