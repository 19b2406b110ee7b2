"""The ids of AgentCore's sessions. The same id reaches the same process of an agent again."""

import hashlib
import re
import secrets
from typing import Final

from tradewind.contracts.errors import InvalidRuntimeRequest

#: A request may have 33 to 256 characters; an answer repeats 100 of these at most.
MIN_LENGTH: Final = 33
MAX_LENGTH: Final = 100
_VALID: Final = re.compile(rf"[a-zA-Z0-9][a-zA-Z0-9_-]{{{MIN_LENGTH - 1},{MAX_LENGTH - 1}}}")


def new_session_id() -> str:
    """An id that nobody else has, nor can guess."""
    return f"session-{secrets.token_hex(32)}"


def session_id_for(*parts: str) -> str:
    """The id of what these parts name together: the same for the same ones, and nobody else's.

    Args:
        parts: Such as whose it is, the runtime and the conversation.
    """
    # The lengths keep ("ab", "c") and ("a", "bc") apart.
    named = "".join(f"{len(part)}:{part}" for part in parts)
    return f"session-{hashlib.sha256(named.encode('utf-8', 'surrogatepass')).hexdigest()}"


def check_session_id(text: str) -> None:
    """Go on only with an id that a request may have, and that its answer can repeat.

    Raises:
        InvalidRuntimeRequest: It is another one.
    """
    if not _VALID.fullmatch(text):
        raise InvalidRuntimeRequest(
            f"The session's id has {len(text)} characters. It needs {MIN_LENGTH} to {MAX_LENGTH} "
            "letters, digits, hyphens and underscores, the first of them a letter or a digit.",
            field="session_id",
        )
