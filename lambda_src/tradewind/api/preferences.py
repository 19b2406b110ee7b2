"""What a caller prefers (RFC 7240), and the key that makes a repeat one."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tradewind.api.routing import Header
from tradewind.contracts.api_environment import MAX_WAIT_S
from tradewind.contracts.errors import InvalidRequest

_WAIT: Final = re.compile(r"[0-9]{1,30}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

PREFER: Final = Header(
    "Prefer",
    f"`respond-async` answers 202 at once, `wait=N` after N seconds, of at most {MAX_WAIT_S}; "
    f"without either it waits {MAX_WAIT_S}. Both together are the second. An environment may have "
    "set a lower limit.",
    {"type": "string", "examples": ["respond-async", "wait=10"]},
)
IDEMPOTENCY_KEY: Final = Header(
    "Idempotency-Key",
    "The same key and body get the first request's answer, and no further one is worked on.",
    {"type": "string", "pattern": r"^[!-~]{1,255}$"},
)


@dataclass(frozen=True)
class Preference:
    """How long a caller waits.

    Attributes:
        wait_s: Seconds.
        applied: What of it the caller asked for, in the header's words; None for nothing.
    """

    wait_s: int
    applied: str | None


def read_preference(headers: Mapping[str, str], longest_s: int = MAX_WAIT_S) -> Preference:
    """Read the header ``Prefer``; preferences for something else are none of ours.

    Args:
        headers: The request's.
        longest_s: What an environment lets a request wait at most.

    Raises:
        InvalidRequest: It says to wait for what is no number of seconds.
    """
    stated: dict[str, str] = {}
    for one in headers.get("prefer", "").split(","):
        name, _, value = one.partition(";")[0].partition("=")
        # Of one that is there twice the first counts.
        stated.setdefault(name.strip().lower(), value.strip().strip('"'))
    if "wait" in stated:
        if _WAIT.fullmatch(stated["wait"]) is None:
            raise InvalidRequest("Prefer: wait has to be a number of seconds.", field="Prefer")
        wait_s = min(int(stated["wait"]), longest_s)
        return Preference(wait_s, f"wait={wait_s}")
    if "respond-async" in stated:
        return Preference(0, "respond-async")
    return Preference(longest_s, None)


def read_request_id(headers: Mapping[str, str]) -> str:
    """The request's id: the same for the same idempotency key, a new one without.

    Raises:
        InvalidRequest: The key is empty, too long, or has more in it than can be seen.
    """
    key = headers.get("idempotency-key")
    if key is None:
        return f"i-{uuid.uuid4().hex}"
    if _KEY.fullmatch(key) is None:
        raise InvalidRequest(
            "Idempotency-Key: It has to be 1 to 255 visible characters of ASCII.",
            field="Idempotency-Key",
        )
    return f"k-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
