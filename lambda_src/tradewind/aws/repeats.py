"""Which calls to AWS are sent again, when, and how often.

botocore is told to send each call once, so that this is the only layer that repeats a call (and for
the model, ``bedrock.retry``). It says what botocore's event ``needs-retry`` asks of each attempt
that failed. botocore's own rules say which failures may pass; the pauses are ours, because only we
know how much time is left.
"""

import random
from typing import Any, Final

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
)
from botocore.retries.standard import (  # type: ignore[attr-defined]  # newer than the stubs
    ModeledRetryableChecker,
    OrRetryChecker,
    RetryEventAdapter,
    ThrottledRetryableChecker,
    ThrottlingStatusCodeChecker,
    TransientRetryableChecker,
)

from tradewind.aws.deadline import call_time_left_s, require_time
from tradewind.aws.sockets import Death, take_death
from tradewind.contracts.errors import DeadlineExceeded, causes_of
from tradewind.telemetry.logger import get_logger

#: Sends of one call, the first included. Time usually ends them sooner.
MAX_ATTEMPTS: Final = 8
#: Upper bound of the first pause in seconds; it doubles with each further one.
BASE_PAUSE_S: Final = 0.05
MAX_PAUSE_S: Final = 2.0
#: A repeat that could not run for at least this long is not begun.
MIN_USEFUL_S: Final = 0.2

# A process restored from a snapshot must not repeat its siblings' pauses.
_random = random.SystemRandom()


class ConnectionRetired(ConnectionClosedError):
    """A kept connection was dead when a call was sent on it: nobody's answer, nobody's fault.

    Whatever it was raised as: Python's versions and the length of the request make it a closed
    connection, a failure of TLS or a read timeout.
    """

    fmt = 'A kept connection to "{endpoint_url}" was dead when it was used.'


def connection_was_dead(error: BaseException) -> bool:
    """Whether a call ended so because its kept connection was dead: a repeat need not wait."""
    return any(isinstance(cause, ConnectionRetired) for cause in causes_of(error))


def pause_before_repeat(attempts: int) -> float | None:
    """Return how many seconds to rest after so many attempts, or None to give up.

    Drawn from zero to a doubling bound ("full jitter"), so that many functions that are throttled
    together do not come back together.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause_s = _random.uniform(0, min(MAX_PAUSE_S, BASE_PAUSE_S * 2 ** (attempts - 1)))
    left_s = call_time_left_s()
    return None if left_s is not None and pause_s + MIN_USEFUL_S > left_s else pause_s


class Once:
    """For calls that another layer repeats: at once, and only if nobody can have acted on it."""

    def __call__(
        self, *, attempts: int, endpoint: Any, caught_exception: Exception | None, **_rest: Any
    ) -> float | None:
        """Answer ``needs-retry``.

        Raises:
            ConnectionRetired: The kept connection was dead, and the call may have been received.
            DeadlineExceeded: The call's time is over.
        """
        if caught_exception is None or isinstance(caught_exception, DeadlineExceeded):
            return None
        require_time(caught_exception)
        death = take_death()
        if death is None:
            return None
        repeated = attempts == 1 and death.unsent
        _log_death(endpoint, death, repeated)
        if repeated:
            return 0.0
        raise ConnectionRetired(
            endpoint_url=endpoint.host, error=caught_exception
        ) from caught_exception


class Repeated:
    """For calls that are repeated here.

    Args:
        may_run_twice: Whether the service may be asked twice to do what it is asked, because it is
            only read, or a write recognises itself. Otherwise only a call that was refused, or that
            nobody can have received, is sent again.
    """

    def __init__(self, *, may_run_twice: bool) -> None:
        self._may_run_twice = may_run_twice
        refused = (ThrottledRetryableChecker(), ThrottlingStatusCodeChecker())
        passing = (TransientRetryableChecker(), ModeledRetryableChecker())
        self._may_pass = OrRetryChecker([*refused, *(passing if may_run_twice else ())])
        self._adapter = RetryEventAdapter()

    def __call__(
        self, *, attempts: int, endpoint: Any, caught_exception: Exception | None, **rest: Any
    ) -> float | None:
        """Answer ``needs-retry``.

        Raises:
            DeadlineExceeded: The call's time is over.
        """
        if isinstance(caught_exception, DeadlineExceeded):
            return None
        if caught_exception is not None:
            require_time(caught_exception)
            death = take_death()
            if death is not None:
                repeated = attempts == 1 and (death.unsent or self._may_run_twice)
                _log_death(endpoint, death, repeated)
                if repeated:
                    return 0.0
        if not self._can_help(attempts, caught_exception, rest):
            return None
        pause_s = pause_before_repeat(attempts)
        if pause_s is not None:
            get_logger().warning(
                "Repeating a call",
                service=endpoint._endpoint_prefix,
                operation=rest["operation"].name,
                attempt=attempts + 1,
            )
        return pause_s

    def _can_help(
        self, attempts: int, caught_exception: Exception | None, rest: dict[str, Any]
    ) -> bool:
        if isinstance(caught_exception, ConnectTimeoutError | EndpointConnectionError):
            return True
        context = self._adapter.create_retry_context(
            attempts=attempts, caught_exception=caught_exception, **rest
        )
        return bool(self._may_pass.is_retryable(context))


def _log_death(endpoint: Any, death: Death, repeated: bool) -> None:
    get_logger().warning(
        "A kept connection was dead",
        service=endpoint._endpoint_prefix,
        idle_s=round(death.idle_s, 1),
        request_unsent=death.unsent,
        repeated_at_once=repeated,
    )
