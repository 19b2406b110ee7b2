"""The life of a streamed request: as of any other, told to its caller while it goes on.

The agent's work is done in a thread of its own. The runtime's thread reads what it says, and hands
it to whoever waits. The two end together: a caller who has gone ends the work, and the end of the
work ends the stream.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from typing import Any, Final, Protocol

from tradewind.api.http import Answer, write_answer
from tradewind.api.problems import problem
from tradewind.contracts.errors import ConfigurationError, InternalError, TradewindError
from tradewind.handlers.response_stream import HTTP_ANSWER, Runtime, StreamedAnswer, http_prelude
from tradewind.handlers.served import Outcome
from tradewind.handlers.server_sent_events import RunEvents, Unread, event
from tradewind.handlers.service import LambdaContext
from tradewind.handlers.stream_event import StreamRequest, read_request
from tradewind.handlers.watcher import Watcher
from tradewind.run.events import RunEvent
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

_EVENT_STREAM: Final = "text/event-stream"


class Serve(Protocol):
    """Serves a request that is not streamed. See ``AgentService.serve``."""

    def __call__(self, event: object, context: LambdaContext, watcher: Watcher) -> Outcome:
        """Serve one event."""


class Refuse(Protocol):
    """Reports a request that came to no work. See ``AgentService.refuse``."""

    def __call__(self, error: TradewindError, context: LambdaContext) -> None:
        """Report it."""


#: What the API shows of a request that has ended.
Show = Callable[[StreamRequest, Outcome], Mapping[str, Any]]


class StreamedRequests:
    """Answers an agent's streamed requests.

    Args:
        agent: Whose.
        runtime: How this process streams.
        serve: Serves a request that is not streamed.
        refuse: Reports one that is refused before that.
        show: What the last event of a stream holds.
    """

    def __init__(
        self, *, agent: str, runtime: Runtime, serve: Serve, refuse: Refuse, show: Show
    ) -> None:
        self._agent = agent
        self._runtime = runtime
        self._serve = serve
        self._refuse = refuse
        self._show = show

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
        chunks = self._chunks(proxied, context)
        if self._runtime is Runtime.NATIVE:
            return (chunk for chunk in chunks if chunk)
        return StreamedAnswer(
            chunks,
            content_type=HTTP_ANSWER,
            time_left_s=lambda: context.get_remaining_time_in_millis() / 1000,
        )

    def _chunks(self, proxied: Mapping[str, Any], context: LambdaContext) -> Iterator[bytes]:
        try:
            request = read_request(proxied, self._agent)
        except TradewindError as error:
            self._refuse(error, context)
            yield _http(problem(error))
            return
        stream = _Stream(request)

        def work() -> None:
            try:
                stream.ended(self._serve(request.event, context, stream), self._show)
            except Exception as error:
                log_defect("A streamed request failed unexpectedly", error)
                stream.failed()

        working = threading.Thread(target=copy_context().run, args=(work,), name="streamed")
        working.start()
        try:
            yield from stream.read()
        finally:
            stream.reader_gone()
            working.join()


class _Stream:
    """One request's stream; watches the request.

    Either the reader's going comes first, or the request's end does: a request that has ended is
    not cancelled any more.
    """

    def __init__(self, request: StreamRequest) -> None:
        self._request = request
        self._unread = Unread(self.reader_gone)
        self._events = RunEvents(self._unread.write)
        self._changed = threading.Lock()
        self._gone = False
        self._cancel: Callable[[], object] | None = None

    def read(self) -> Iterator[bytes]:
        """What the caller gets."""
        return self._unread.read(pings=lambda: self._cancel is not None)

    def begun(self, project_id: str, cancel: Callable[[], object]) -> None:
        """Send the status, and which request this is."""
        request = self._request
        first = event(
            "invocation",
            {
                "id": request.invocation_id,
                "project_id": project_id,
                "session_id": request.session_id,
            },
        )
        self._unread.write(_beginning() + first)
        with self._changed:
            self._cancel = cancel
            gone = self._gone
        if gone:
            cancel()

    def heard(self, happened: RunEvent) -> None:
        """Send what happened in the run."""
        self._events.heard(happened)

    def reader_gone(self) -> None:
        """Nobody reads any more: the work is for nobody, too."""
        with self._changed:
            self._gone = True
            cancel = self._cancel
        self._unread.drop()
        if cancel is not None:
            cancel()

    def ended(self, outcome: Outcome, show: Show) -> None:
        """Send what came of the request."""
        begun = self._cancel is not None
        if not begun and outcome.failure is not None:
            self._unread.write(
                _http(problem(outcome.failure, invocation_id=self._request.invocation_id))
            )
        else:
            last = event("result", show(self._request, outcome))
            self._unread.write(last if begun else _beginning() + last)
        self._unread.end()

    def failed(self) -> None:
        """Say that something failed that nobody foresaw, in whatever way is left."""
        error = InternalError("An unexpected error; the function's log has it.")
        if self._cancel is None:
            self._unread.write(_http(problem(error)))
        else:
            told = {"code": error.code, "message": error.message, "field": None}
            last = {"id": self._request.invocation_id, "state": "failed", "error": told}
            self._unread.write(event("result", last))
        self._unread.end()


def _beginning() -> bytes:
    # No cache and no proxy may keep it back.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return http_prelude(200, _EVENT_STREAM, **headers)


def _http(answer: Answer) -> bytes:
    """A whole HTTP answer, as a stream of one piece."""
    written = write_answer(answer)
    content_type = written["headers"].pop("Content-Type")
    body: str = written["body"]
    return http_prelude(written["statusCode"], content_type, **written["headers"]) + body.encode()
