"""Text from outside, made such that it can be encoded.

JSON may spell half of a surrogate pair; Python keeps it, and fails where the text is encoded: in an
answer, a record or an artifact, far from where it came in.
"""


def well_formed(text: str) -> str:
    """Return ``text`` with surrogate pairs joined, and U+FFFD for each half that is alone."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_well_formed(text: str) -> bool:
    """Say whether ``text`` can be encoded."""
    return well_formed(text) == text
