"""The life of a streamed request: as of any other, told to its caller while it goes on.

The agent's work is done in a thread of its own. The runtime's thread reads what it says, and hands
it to whoever waits. The two end together: a caller who has gone ends the work, and the end of the
work ends the stream.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from typing import Any, Final

from tradewind.api.http import Answer, write_answer
from tradewind.api.problems import problem
from tradewind.api.views import invocation_id, location_of
from tradewind.aws.deadline import Deadline, calls_within
from tradewind.contracts.errors import ConfigurationError, InternalError, TradewindError
from tradewind.handlers.response_stream import (
    HTTP_ANSWER,
    Runtime,
    StreamedAnswer,
    http_prelude,
    http_stream,
)
from tradewind.handlers.server_sent_events import RunEvents, Unread, event
from tradewind.handlers.service import AgentService, LambdaContext
from tradewind.handlers.stream_event import read_streamed
from tradewind.handlers.stream_records import StreamRecords
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.run.events import RunEvent
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

_EVENT_STREAM: Final = "text/event-stream"


class StreamedRequests:
    """Answers an agent's streamed requests.

    Args:
        runtime: How this process streams.
        service: Serves the agent's requests.
        records: Opens and shows their records.
    """

    def __init__(self, *, runtime: Runtime, service: AgentService, records: StreamRecords) -> None:
        self._runtime = runtime
        self._service = service
        self._records = records

    def handle(self, proxied: Mapping[str, Any], context: LambdaContext) -> Any:
        """Answer a proxy event, with what the runtime streams.

        Raises:
            ConfigurationError: It cannot stream.
        """
        if self._runtime is Runtime.UNKNOWN:
            raise ConfigurationError("This function cannot stream its answers here.")
        logger = get_logger()
        # What the runtime's own thread may log is this request's, and not the last one's.
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(lambda_request_id=context.aws_request_id)
        stream = _Stream()
        chunks = self._chunks(stream, proxied, context)
        if self._runtime is Runtime.NATIVE:
            return (chunk for chunk in chunks if chunk)
        return StreamedAnswer(
            chunks,
            content_type=HTTP_ANSWER,
            time_left_s=lambda: context.get_remaining_time_in_millis() / 1000,
        )

    def _chunks(
        self, stream: "_Stream", proxied: Mapping[str, Any], context: LambdaContext
    ) -> Iterator[bytes]:
        def work() -> None:
            try:
                self._work(stream, proxied, context)
            except TradewindError as error:
                get_logger().error("The end of a stream was not told", error_code=error.code)
                stream.failed(error)
            except Exception as error:
                log_defect("A streamed request failed unexpectedly", error)
                stream.failed(InternalError("An unexpected error; the function's log has it."))
            finally:
                stream.end()

        working = threading.Thread(target=copy_context().run, args=(work,), name="streamed")
        working.start()
        try:
            yield from stream.read()
        finally:
            stream.reader_gone()
            working.join()

    def _work(self, stream: "_Stream", proxied: Mapping[str, Any], context: LambdaContext) -> None:
        deadline = Deadline(context.get_remaining_time_in_millis() / 1000)
        environment = self._records.environment
        try:
            with calls_within(deadline.remaining_s):
                asked = read_streamed(proxied, environment)
                record = self._records.open(asked, deadline.killed_in_s())
        except TradewindError as error:
            self._service.refuse(error, context)
            stream.failed(error)
            return
        stream.record, stream.session_id = record, asked.event.get("session_id")
        if record.status is not RecordStatus.PENDING:
            stream.result(self._records.show(record))
            return
        began_at = time.time()
        outcome = self._service.serve(asked.event, context, stream)
        if outcome.failure is not None and not stream.has_begun:
            stream.failed(outcome.failure)
        else:
            with calls_within(deadline.closing_s):
                stream.result(self._records.ended(record, began_at, outcome))


class _Stream:
    """One request's stream; watches the request.

    Attributes:
        record: The request's, as it was found or opened.
        session_id: The conversation that it continues, where it does.
    """

    def __init__(self) -> None:
        self.record: StoredRecord | None = None
        self.session_id: str | None = None
        self._unread = Unread(self.reader_gone)
        self._events = RunEvents(self._unread.write)
        self._changed = threading.Lock()
        self._gone = False
        self._cancel: Callable[[], object] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether its status is told by now."""
        return self._cancel is not None

    def read(self) -> Iterator[bytes]:
        """What the caller gets."""
        return self._unread.read(pings=lambda: self.has_begun)

    def begun(self, project_id: str, cancel: Callable[[], object]) -> None:
        """Tell the status, and which request this is. See ``Watcher``."""
        record = self._required()
        known = {
            "id": invocation_id(record),
            "project_id": project_id,
            "session_id": self.session_id,
        }
        self._unread.write(_beginning() + event("invocation", known))
        with self._changed:
            self._cancel = cancel
            gone = self._gone
        if gone:
            cancel()

    def heard(self, happened: RunEvent) -> None:
        """Tell what happened in the run. See ``Watcher``."""
        self._events.heard(happened)

    def reader_gone(self) -> None:
        """Nobody reads any more: the work is for nobody, too. No effect on what has ended."""
        with self._changed:
            self._gone = True
            cancel = self._cancel
        self._unread.drop()
        if cancel is not None:
            cancel()

    def result(self, invocation: Mapping[str, Any]) -> None:
        """Tell what came of the request."""
        last = event("result", invocation)
        self._unread.end(last if self.has_begun else _beginning() + last)

    def failed(self, error: TradewindError) -> None:
        """Tell a failure instead of a result.

        Of one that has begun, nothing more: how it ended is in its record, which may say otherwise.
        """
        record = self.record
        if self.has_begun:
            self._unread.end()
        else:
            known = None if record is None else invocation_id(record)
            headers = None if record is None else {"Location": location_of(record)}
            self._unread.end(_http(problem(error, headers=headers, invocation_id=known)))

    def end(self) -> None:
        """Nothing more will be told."""
        self._unread.end()

    def _required(self) -> StoredRecord:
        if self.record is None:
            raise InternalError("A request has begun without a record.")
        return self.record


def _beginning() -> bytes:
    # No cache and no proxy may keep it back.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return http_prelude(200, _EVENT_STREAM, **headers)


def _http(answer: Answer) -> bytes:
    """A whole HTTP answer, as a stream of one piece."""
    return b"".join(http_stream(write_answer(answer)))
