"""Taking what identifies or unlocks out of a text, for the samples a setting may allow.

Patterns find what has a form: addresses, numbers, keys. They do not find a name or a secret in
plain words, so a sample stays confidential.
"""

import re
from collections.abc import Callable
from typing import Final

#: Longer texts are cut: a sample is to be looked at, not kept.
MAX_LENGTH: Final = 2000

_MIN_CARD_DIGITS: Final = 13

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_KEYS = re.compile(
    r"""
      \b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b       # AWS access keys and ids
    | \bABSK[A-Za-z0-9+/=]{20,}                               # Bedrock API keys
    | \bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?   # JSON Web Tokens
    | \b(?:sk|pk|rk|ghp|gho|ghs|github_pat|xox[abprs]|glpat)[-_][A-Za-z0-9_-]{10,}
    | (?<![A-Za-z0-9/+])(?=[A-Za-z0-9/+]{0,39}\d)(?=[A-Za-z0-9/+]{0,39}[A-Z])
      [A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])                      # AWS secret keys
    """,
    re.VERBOSE,
)
_NAMED_SECRET = re.compile(
    r"""(?i)\b(password|passwd|secret|token|api[ _-]?key|authorization)\b"""
    r"""(["']?\s*(?:[:=]|\bis\b)\s*["']?)(?:bearer\s+|basic\s+)?[^\s"',;]+"""
)
# Digits in groups, as people write card and telephone numbers. Decimals and coordinates, which the
# agents' prompts are full of, are no such groups.
_NUMBER = re.compile(r"(?<![\w.,:+-])(\+|00)?\(?\d(?:[ ()/-]{0,2}\d){7,24}(?![\w]|[.,]\d)")


def redact(text: str) -> str:
    """Return ``text`` without e-mail addresses, telephone and card numbers, keys and tokens."""
    # Cut last: a cut before could leave half of a key, which no pattern knows.
    return cut(without_secrets(text, lambda kind: f"[{kind}]"))


def cut(text: str) -> str:
    """A text of bounded length."""
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."


def without_secrets(text: str, mark: Callable[[str], str]) -> str:
    """Return ``text`` with marks in their places.

    Args:
        text: Whatever somebody wrote.
        mark: Says what stands for a hit, by its kind: ``key``, ``secret``, ``email``, ``card``,
            ``phone``.
    """

    def number(match: re.Match[str]) -> str:
        kind = _kind_of_number(match)
        return match[0] if kind is None else mark(kind)

    text = _PRIVATE_KEY.sub(lambda _: mark("key"), text)
    text = _NAMED_SECRET.sub(lambda match: f"{match[1]}{match[2]}{mark('secret')}", text)
    text = _EMAIL.sub(lambda _: mark("email"), text)
    text = _KEYS.sub(lambda _: mark("key"), text)
    return _NUMBER.sub(number, text)


def _kind_of_number(match: re.Match[str]) -> str | None:
    number = match[0]
    digits = "".join(filter(str.isdigit, number))
    if len(digits) >= _MIN_CARD_DIGITS and _is_card_number(digits):
        return "card"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(?:[ /]\d{2,4})?.*", number):
        return None  # a date
    if match[1] or number.startswith("0") or digits != number:
        return "phone"
    return None  # one plain number, such as an energy in kWh


def _is_card_number(digits: str) -> bool:
    """The check digit that card numbers end in (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004  the digits' sum
    return total % 10 == 0
