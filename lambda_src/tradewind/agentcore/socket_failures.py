"""What a WebSocket's ends and refusals mean. A close's own words are never repeated."""

import json
from typing import Final

from botocore.exceptions import ClientError
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    TooManyFragments,
)
from websockets.frames import CloseCode
from websockets.http11 import Response

from tradewind.agentcore.faults import to_runtime_error
from tradewind.contracts.errors import (
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeUnavailable,
)

#: Ends that say that everything has been said. "Going away" is none.
_COMPLETE: Final = frozenset({CloseCode.NORMAL_CLOSURE, CloseCode.NO_STATUS_RCVD})

_FIRST_REFUSAL: Final = 400
#: Of an end before the answer; any other is the agent's own failure, also where it refuses what it
#: was told: it has been at work by then, which may have cost something, and asked again it would
#: fail again.
_BY_CODE: Final[dict[int, type[RuntimeCallError]]] = {
    CloseCode.GOING_AWAY: RuntimeUnavailable,
    CloseCode.ABNORMAL_CLOSURE: RuntimeUnavailable,
    CloseCode.SERVICE_RESTART: RuntimeUnavailable,
    CloseCode.TRY_AGAIN_LATER: RuntimeUnavailable,
    CloseCode.BAD_GATEWAY: RuntimeUnavailable,
}
#: Codes that our side ends a connection with when it cannot read on.
_UNREADABLE: Final[dict[int, str]] = {
    CloseCode.PROTOCOL_ERROR: "The runtime does not keep to the WebSocket protocol.",
    CloseCode.MESSAGE_TOO_BIG: "The answer has a longer message than is taken.",
}


def is_complete(closed: ConnectionClosed) -> bool:
    """Whether the peer ended the connection because it had said everything."""
    return closed.rcvd is not None and closed.rcvd.code in _COMPLETE


def not_opened(error: Exception) -> RuntimeCallError:
    """What keeps a socket from being opened: nothing has been told to anybody."""
    match error:
        case InvalidStatus() if error.response.status_code >= _FIRST_REFUSAL:
            return to_runtime_error(_as_botocores(error.response))
        # Of what is no answer at all: the connection ended before one.
        case InvalidMessage() if isinstance(error.__cause__, EOFError | OSError):
            return RuntimeUnavailable("The connection ended before the WebSocket was open.")
        case InvalidHandshake():
            return RuntimeAnswerUnreadable("What answers there speaks no WebSocket.")
        case _:
            return RuntimeUnavailable(f"AgentCore could not be reached: {type(error).__name__}.")


def broken_off(error: ConnectionClosed, *, has_begun: bool) -> RuntimeCallError:
    """What a socket's end means that is no answer's.

    Args:
        error: How it ended.
        has_begun: Whether the answer had.
    """
    # The peer may be gone before it can be told what it cannot be read for.
    if isinstance(error.__cause__, TooManyFragments):
        return RuntimeAnswerUnreadable(_UNREADABLE[CloseCode.MESSAGE_TOO_BIG])
    if error.sent is not None and not error.rcvd_then_sent:
        why = _UNREADABLE.get(error.sent.code)
        if why is not None:
            return RuntimeAnswerUnreadable(why)
    code = CloseCode.ABNORMAL_CLOSURE if error.rcvd is None else error.rcvd.code
    if has_begun:
        return RuntimeInterrupted(f"The answer broke off, with close code {int(code)}.")
    return _BY_CODE.get(code, RuntimeFailed)(
        f"The connection ended before an answer, with close code {int(code)}."
    )


def _as_botocores(response: Response) -> ClientError:
    """What botocore would make of a refusal if it knew the operation, whatever the body is."""
    try:
        said = json.loads(response.body or b"")
    # A ValueError is no JSON, no UTF-8, or a number of endless digits.
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        said = {}
    # Behind the code there may be a URL, and before it a namespace.
    kinds = [*response.headers.get_all("x-amzn-ErrorType"), said.get("__type", "")]
    code = str(kinds[0]).partition(":")[0].rpartition("#")[2]
    message = str(said.get("message", said.get("Message", "")))
    return ClientError(
        {
            "Error": {"Code": code or str(response.status_code), "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": response.status_code,
                "HTTPHeaders": {},
                "HostId": "",
                "RequestId": "",
                "RetryAttempts": 0,
            },
        },
        "InvokeAgentRuntimeWithWebSocketStream",
    )
