"""What Lambda makes of a process's answer, or of its end, in the shape MiniStack passes around."""

import json
import re
from typing import Any, Final

from devtools.localcloud.runtime_api import Answer

Result = dict[str, Any]

#: The types of errors that Lambda keeps as they are.
_ERROR_TYPE: Final = re.compile(r"(?:Runtime|Function)\.[A-Z][a-zA-Z]+")

_MAX_ANSWER_BYTES = 6 * 1024 * 1024 + 100


def result_of(answer: Answer) -> Result:
    """A function's answer in the shape MiniStack passes around."""
    if answer.stream is not None and not answer.is_error:
        return {"body": answer.payload}  # as it is; nothing, where its caller has read it by now
    if answer.stream is not None and not answer.payload:
        return failed(answer.stream.error or "Runtime.Unknown", "The streamed answer broke off.")
    if len(answer.payload) > _MAX_ANSWER_BYTES:
        return failed(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size "
            f"({_MAX_ANSWER_BYTES} bytes).",
        )
    body = json.loads(answer.payload)
    if answer.is_error:
        return {"body": body, "error": True, "function_error": "Unhandled"}
    return {"body": body}


def cause_of_exit(status: int | None) -> str:
    """What Lambda says of a process that ended by itself."""
    if status == 0:
        return "Runtime exited without providing a reason"
    cause = f"exit status {status}" if status is None or status > 0 else f"signal {-status}"
    return f"Runtime exited with error: {cause}"


def failed(error_type: str, message: str) -> Result:
    """An invocation that failed by no answer of the function's."""
    body = {"errorType": error_type, "errorMessage": message}
    return {"body": body, "error": True, "function_error": "Unhandled"}


def error_type_of(result: Result, failure: str | None) -> str | None:
    """How the platform's log calls what an invocation failed by.

    Lambda keeps types of these forms; others, such as an exception's name, are unknown to it.
    """
    if status_of(result, failure) != "error":
        return None
    found = failure or str(result["body"].get("errorType"))
    return found if _ERROR_TYPE.fullmatch(found) else "Runtime.Unknown"


def status_of(result: Result, failure: str | None) -> str:
    """How the platform's log says that an invocation ended."""
    if failure == "Sandbox.Timedout":
        return "timeout"
    return "error" if result.get("error") else "success"
