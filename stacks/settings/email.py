"""E-mail addresses that AWS sends notifications to."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

# RFC 5321's dot-string at a host name with a dot in it; no quoted local part, comment or address of
# a machine: SNS answers "Invalid parameter: Email address" to these, and the stack rolls back.
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP: Final = r"(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])"
_ADDRESS: Final = re.compile(rf"(?P<local>{_LOCAL})@(?:{_LABEL}\.)+{_TOP}")
#: Characters before the @, and of all: RFC 5321.
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254


def _possible(text: str) -> str:
    found = _ADDRESS.fullmatch(text)
    if found is None or len(found["local"]) > _LONGEST_LOCAL or len(text) > _LONGEST:
        raise PydanticCustomError("email", "no address")
    return text


#: One address.
Email = Annotated[str, AfterValidator(_possible), Field(description="an e-mail address")]
