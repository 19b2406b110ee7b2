"""The Lambda Runtime API of one execution environment, as awslambdaric expects it on AWS.

The server side of ``/2018-06-01/runtime``: ``invocation/next`` is a long poll, an invocation is
answered once on ``response`` or ``error``, and ``init/error`` and ``restore/*`` report on the
phases around it. Whoever runs the process calls ``wait_until_ready`` and then ``invoke``.
``runtime_http`` has the protocol; the state is here.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devtools.localcloud.runtime_http import CREDENTIALS, RuntimeServer
from devtools.localcloud.streamed import StreamEnd, StreamPipe

#: How long a process may take from the end of its connections to its own.
_DEATH_S = 0.5
CREDENTIALS_LAST = timedelta(hours=1)


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the function made of an event, or of its own start.

    Attributes:
        payload: The JSON the function posted; nothing where it streamed.
        is_error: Whether it posted it as an error.
        stream: How a streamed answer ended; None for one that was not streamed.
    """

    payload: bytes
    is_error: bool = False
    stream: StreamEnd | None = None


class ProcessEnded(Exception):
    """The function's process ended before it answered."""


class ProcessEndedIdle(ProcessEnded):
    """It had ended, or was about to, before it was given the event."""


class RuntimeApi:
    """Serves one process. ``address`` is its ``AWS_LAMBDA_RUNTIME_API``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._serving = threading.Lock()
        self._ended = False
        self._asking = False
        self._has_asked = False
        self._snapshot_taken = False
        self._restored = False
        self._init_error: Answer | None = None
        self._waiting: Invocation | None = None
        self._in_flight: str | None = None
        #: Of the last event that the process was given.
        self.last_request_id = ""
        self._answer: Answer | None = None
        self._pipe: StreamPipe | None = None
        self._server = RuntimeServer(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._credentials: dict[str, str] = {}
        self._credentials_token = ""

    # -- for whoever runs the process ---------------------------------------------------------

    def wait_until_ready(self, timeout_s: float, *, for_snapshot: bool = False) -> Answer | None:
        """Wait until the function asks for its first event, or (SnapStart) for its restore.

        Returns:
            None when it is ready, else the error its initialisation reported.

        Raises:
            TimeoutError: It took longer than ``timeout_s``.
            ProcessEnded: Its process ended, and reported nothing.
        """
        self._wait(
            lambda: (
                self._init_error is not None
                or (self._snapshot_taken if for_snapshot else self._asking)
            ),
            timeout_s,
        )
        return self._init_error

    def offer_credentials(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Let the process ask for its credentials, as what is restored from a snapshot does.

        Those in its variables would be those of when the snapshot was taken.

        Args:
            variables: The variables that tell a process its credentials otherwise.

        Returns:
            The variables that tell it where to ask.
        """
        self._credentials = dict(variables)
        self._credentials_token = secrets.token_urlsafe(32)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.address}{CREDENTIALS}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._credentials_token,
        }

    def credentials(self, token: str) -> dict[str, str] | None:
        """The process's credentials, good for an hour; None for who may not have them."""
        if not self._credentials or not secrets.compare_digest(token, self._credentials_token):
            return None
        return {
            "AccessKeyId": self._credentials["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": self._credentials["AWS_SECRET_ACCESS_KEY"],
            "Token": self._credentials.get("AWS_SESSION_TOKEN", ""),
            "Expiration": (datetime.now(UTC) + CREDENTIALS_LAST).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def restore(self, timeout_s: float) -> Answer | None:
        """Let a process that waits after its snapshot run its after-restore hooks.

        Returns:
            None when it is ready for events, else the error its hooks reported.

        Raises:
            TimeoutError: It took longer than ``timeout_s``.
            ProcessEnded: Its process ended, and reported nothing.
        """
        with self._changed:
            self._restored = True
            self._changed.notify_all()
        return self.wait_until_ready(timeout_s)

    def invoke(
        self, invocation: Invocation, timeout_s: float, pipe: StreamPipe | None = None
    ) -> Answer:
        """Hand over an event and wait for the answer.

        Args:
            invocation: The event.
            timeout_s: How long the function has for it.
            pipe: Where a streamed answer goes while it comes. Without one it is gathered, as
                Lambda does for callers that do not stream.

        Raises:
            TimeoutError: No answer within ``timeout_s``.
            ProcessEndedIdle: The process ended without having seen the event.
            ProcessEnded: The process ended without an answer.
        """
        # The process may ask for its next event before this has noticed the last one's answer.
        with self._serving:
            gathered = _Gathered()
            with self._changed:
                self._answer = None
                self._waiting = invocation
                self._in_flight = invocation.request_id
                self._pipe = pipe or gathered
                self._changed.notify_all()
            try:
                self._wait(lambda: self._answer is not None, timeout_s)
            except ProcessEnded:
                if self._waiting is invocation:
                    raise ProcessEndedIdle from None
                raise
            finally:
                with self._changed:
                    self._waiting = self._in_flight = None
                    current, self._pipe = self._pipe, None
                # A function that was given up on, or has died, ends its stream with itself.
                current.end(StreamEnd("Runtime.ExitError", truncated=True))
            assert self._answer is not None  # noqa: S101  for the type checker; just waited for
            if self._answer.stream is None or pipe is not None:
                return self._answer
            return gathered.as_answer(self._answer.stream)

    def mark_ended(self) -> bool:
        """Note that the process has ended: nobody waits for it any longer.

        Returns:
            Whether it ended between two events.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            # One whose answer is there may not have been noticed by whoever waits for it.
            at_work = self._in_flight is not None and self._waiting is None and self._answer is None
            return self._has_asked and not at_work

    def close(self) -> None:
        """Stop serving."""
        self.mark_ended()
        # shutdown() waits for the accept loop's next round; nobody needs to wait for that.
        threading.Thread(target=self._stop_serving, daemon=True).start()

    def _stop_serving(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _wait(self, done: Callable[[], bool], timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: done() or self._ended, timeout_s)
            if done():
                return
            if self._ended:
                raise ProcessEnded
            raise TimeoutError

    # -- for the HTTP side --------------------------------------------------------------------

    def answer_is_due(self) -> bool:
        """Whether the last event was given out and has no answer yet."""
        with self._changed:
            return self._in_flight is not None and self._waiting is None

    def next_invocation(self, is_there: Callable[[], bool]) -> Invocation | None:
        """Wait for an event; None when there will be none for who asks."""
        with self._changed:
            self._asking = self._has_asked = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._waiting is not None)
            if self._ended or not is_there():
                return None  # an event is given to nobody rather than to the dead
            self._asking = False
            invocation, self._waiting = self._waiting, None
            if invocation is not None:
                self.last_request_id = invocation.request_id
            return invocation

    def wait_for_restore(self) -> None:
        """Note that the snapshot can be taken, and wait until the process is restored."""
        with self._changed:
            self._snapshot_taken = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._restored)

    def take_answer(self, request_id: str, payload: bytes, *, is_error: bool) -> bool:
        """Take an answer; returns whether one was due."""
        with self._changed:
            # A late answer to an event given up on must not pass for the next one's.
            if request_id != self._in_flight or self._is_streaming():
                return False
            self._in_flight = None
            self._answer = Answer(payload, is_error=is_error)
            self._changed.notify_all()
            return True

    def begin_stream(
        self, request_id: str, content_type: str, cut: Callable[[], None]
    ) -> StreamPipe | None:
        """Begin a streamed answer; returns where it goes, None when none was due."""
        with self._changed:
            if request_id != self._in_flight or self._is_streaming() or self._pipe is None:
                return None
            pipe = self._pipe

            def hang_up() -> None:
                # In this order: the function may ask for its next event as soon as it notices.
                self.end_stream(request_id, pipe, StreamEnd(truncated=True))
                cut()

            pipe.begin(content_type, hang_up)
            return pipe

    def end_stream(self, request_id: str, pipe: StreamPipe, end: StreamEnd) -> bool:
        """End a streamed answer; returns whether it was still waited for."""
        with self._changed:
            if end.error is not None and end.truncated:
                # The connection of a process that has died closes before its end is waited for.
                self._changed.wait_for(lambda: self._ended, _DEATH_S)
                if self._ended:
                    return False
            if request_id != self._in_flight or pipe is not self._pipe:
                return False
            pipe.end(end)
            self._in_flight = None
            self._answer = Answer(b"", is_error=end.error is not None, stream=end)
            self._changed.notify_all()
            return True

    def take_init_error(self, payload: bytes) -> None:
        """Take what the initialisation failed with."""
        with self._changed:
            self._init_error = Answer(payload, is_error=True)
            self._changed.notify_all()

    def _is_streaming(self) -> bool:
        return self._pipe is not None and self._pipe.content_type is not None


class _Gathered(StreamPipe):
    """Keeps a whole streamed answer, for a caller that does not stream."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[bytes] = []

    def write(self, chunk: bytes) -> bool:
        """Keep a chunk."""
        self._all.append(chunk)
        return True

    def as_answer(self, end: StreamEnd) -> Answer:
        """What the caller gets: an error instead of what came before it."""
        if end.error is None:
            return Answer(b"".join(self._all), stream=end)
        document = {"errorType": end.error, "errorMessage": "The streamed answer broke off."}
        return Answer(json.dumps(document).encode(), is_error=True, stream=end)
