"""What the API, or AWS before it, says when it does not do what was asked: in a line, what next."""

from dataclasses import dataclass
from typing import Any, Final

from cli.api.connection import Lost, Reply
from cli.api.texts import one_line, sentence
from cli.errors import CommandError, Refused

_PROBLEM: Final = "application/problem+json"
_UNAUTHORIZED, _PAYMENT, _FORBIDDEN, _TOO_MANY = 401, 402, 403, 429
_SERVER_ERROR: Final = 500
#: The code of load that was turned away before an agent heard of it.
_SHED: Final = "AGENT_BUSY"
#: AWS's words for a refused signature, in lower case, and what to do about each.
_NEXT: Final = (
    ("token included in the request is expired", "Your AWS credentials have expired: renew them."),
    ("signature expired", "This machine's clock is wrong."),
    ("signature not yet current", "This machine's clock is wrong."),
    ("scoped to a valid region", "The API is in another region: set AWS_REGION."),
    ("scoped to correct service", "The API's address leads to another service."),
    ("token included in the request is invalid", "AWS does not know these credentials."),
    ("signature we calculated", "The secret key does not belong to the access key."),
    ("missing authentication token", "There is no such path: is the API's address whole?"),
    ("not authorized", "Your role or user needs execute-api:Invoke on this API."),
    ("explicit deny", "A policy forbids it."),
)


@dataclass(frozen=True)
class Problem:
    """A refusal or a failure, as the API words it (RFC 9457) or as AWS does.

    Attributes:
        status: Of HTTP.
        code: The API's stable code; empty where the answer is not the API's.
        detail: What it says.
        invocation_id: The invocation that this is the end of, or about.
        retry_after_s: When to ask again.
    """

    status: int
    code: str
    detail: str
    invocation_id: str | None = None
    retry_after_s: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it says how an invocation ended, so that asking again gives the same."""
        shed = self.retry_after_s is not None or self.code == _SHED
        return self.invocation_id is not None and not shed

    @property
    def too_much(self) -> bool:
        """Whether the same may be asked again, later: load, not money."""
        return self.status == _TOO_MANY and self.code != "BUDGET_EXCEEDED" and not self.ended

    @property
    def nobodys(self) -> bool:
        """Whether the service failed, and not the invocation: what became of that is unknown."""
        return self.status >= _SERVER_ERROR and not self.ended

    def error(self) -> CommandError:
        """The failure for a person."""
        said = sentence(f"{self.code}: {self.detail}" if self.code else self.detail)
        if self.ended:
            return CommandError(said)
        if self.status in {_UNAUTHORIZED, _FORBIDDEN}:
            return Refused(f"The API refused the request ({self.status}): {said}{self._next()}")
        if self.too_much:
            when = self.retry_after_s
            later = f" Ask again in {when:.0f} s." if when is not None else " Ask again later."
            return Refused(f"Too much at once ({self.status}): {said}{later}")
        if self.status in {_PAYMENT, _TOO_MANY}:
            return Refused(f"{said} `tradewind budget` says what is left.")
        if self.nobodys:
            return Lost(f"The API failed ({self.status}): {said}")
        return CommandError(said if self.code else f"The API answered {self.status}: {said}")

    def _next(self) -> str:
        said = self.detail.lower()
        return next((f" {what}" for words, what in _NEXT if words in said), "")


def problem_of(reply: Reply) -> Problem:
    """Read what a reply with an error's status says."""
    document = reply.document()
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    after = _seconds(reply.headers.get("retry-after"))
    if reply.content_type != _PROBLEM:
        # AWS spells it either way.
        words = (
            fields.get("message") or fields.get("Message") or reply.body[:2000].decode("latin-1")
        )
        return Problem(reply.status, "", one_line(words) or "no word of why", None, after)
    field = fields.get("field")
    detail = one_line(fields.get("detail") or fields.get("title") or "no word of why")
    if isinstance(field, str) and field and field not in detail:
        detail = f"{one_line(field, 64)}: {detail}"
    if resets := fields.get("resets_at"):
        left = fields.get("left_usd")
        left_usd = f"{left:.4f} US$ left, " if isinstance(left, int | float) else ""
        detail = f"{detail} ({left_usd}until {one_line(resets, 40)})"
    invocation = fields.get("invocation_id")
    return Problem(
        status=reply.status,
        code=one_line(fields.get("code") or "PROBLEM", 64),
        detail=detail,
        invocation_id=one_line(invocation, 200) if invocation else None,
        retry_after_s=after,
    )


def _seconds(value: str | None) -> float | None:
    """A ``Retry-After`` in seconds; a date is taken for none."""
    return float(value) if value is not None and value.isascii() and value.isdecimal() else None
