"""Numbers and foreign text as a report shows them."""

import unicodedata
from typing import Final

#: Foreign text is cut here, in characters; nothing a planner writes is this long.
_MAX_TEXT_LENGTH: Final = 600
#: Characters without a space after which a line may be broken anyway.
_UNBROKEN: Final = 24
_BREAK_HERE: Final = "\u200b"
#: Shape words and emoji, and cannot be seen; the other format characters can turn a line around.
_JOINERS: Final = frozenset("\u200c\u200d")
#: No characters at all, which XML refuses.
_NONCHARACTERS: Final = frozenset("\ufffe\uffff")


def plain(text: object) -> str:
    """Return foreign text without what no page can show: control, surrogate and bidi characters.

    Markup in it stays what it is, text; the templates see to that.
    """
    joined = " ".join(str(text).split())[:_MAX_TEXT_LENGTH]
    return "".join(
        one
        for one in joined
        if one in _JOINERS
        or (unicodedata.category(one) not in {"Cc", "Cf", "Cs"} and one not in _NONCHARACTERS)
    )


def breakable(text: str) -> str:
    """Let a line break within words that are longer than any line."""
    return " ".join(
        _BREAK_HERE.join(word[at : at + _UNBROKEN] for at in range(0, len(word), _UNBROKEN))
        for word in text.split(" ")
    )


def words(name: object) -> str:
    """Return a name of the data as words."""
    return plain(name).replace("_", " ")


def position(latitude_deg: float, longitude_deg: float) -> str:
    """Return a place on the earth, such as ``37.3500° S, 61.4800° W``."""
    longitude_deg = (longitude_deg + 180.0) % 360.0 - 180.0
    return (
        f"{abs(latitude_deg):.4f}° {'S' if latitude_deg < 0 else 'N'}, "
        f"{abs(longitude_deg):.4f}° {'W' if longitude_deg < 0 else 'E'}"
    )


def decimal(value: float, digits: int = 0) -> str:
    """Return a number with so many digits after the point."""
    return f"{value:,.{digits}f}"
