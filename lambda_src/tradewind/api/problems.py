"""Failures as problem documents (RFC 9457) with the stable codes of the error tree."""

from collections.abc import Mapping
from typing import Any, Final

from tradewind.api.errors import MethodNotAllowed
from tradewind.api.http import Answer
from tradewind.contracts.errors import TradewindError

PROBLEM: Final = "application/problem+json"
_TYPE: Final = "urn:tradewind:error:"


def problem(
    error: TradewindError,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Answer:
    """Say what went wrong.

    Args:
        error: That; its extensions are told, too.
        headers: Of the answer, besides.
        members: Further ones of the document.
    """
    return problem_of(
        error.code,
        error.status,
        error.message,
        headers={**_headers_of(error), **(headers or {})},
        field=error.field,
        **error.extensions,
        **members,
    )


def problem_of(
    code: str,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Answer:
    """The same for an error that is known by its code; members that are None are left out."""
    document = {
        "type": _TYPE + code,
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        **{name: value for name, value in members.items() if value is not None},
    }
    named = dict(headers or {})
    if "retry_after_s" in document:
        named["Retry-After"] = str(document["retry_after_s"])
    return Answer(status, document, {"Content-Type": PROBLEM, **named})


def _headers_of(error: TradewindError) -> dict[str, str]:
    return {"Allow": ", ".join(error.allowed)} if isinstance(error, MethodNotAllowed) else {}
