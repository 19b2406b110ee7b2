"""Text from outside, made such that it can be encoded.

JSON may spell half of a surrogate pair; Python keeps it, and fails where the text is encoded: in an
answer, a record or an artifact, far from where it came in.
"""

from typing import Any


def well_formed(text: str) -> str:
    """Return ``text`` with surrogate pairs joined, and U+FFFD for each half that is alone."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_well_formed(text: str) -> bool:
    """Say whether ``text`` can be encoded."""
    return well_formed(text) == text


def all_well_formed(value: Any) -> Any:
    """Return ``value`` with every text in its dictionaries and lists ``well_formed``."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {all_well_formed(name): all_well_formed(one) for name, one in value.items()}
        case list():
            return [all_well_formed(one) for one in value]
    return value
