"""What a workflow's trace may say of an error, as the file's ``telemetry.redact`` has it.

Of what was said, a trace holds the messages of errors only: prompts, replies, and what tools were
given and gave, are in no span, whatever ``tool_inputs`` and ``tool_outputs`` say.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from tradewind.telemetry.redaction import cut, without_secrets
from tradewind.workflow.text.faults import BadText, RenderingFailed
from tradewind.workflow.text.patterns import replaced

#: What the format writes in the place of a hit.
HIDDEN: Final = "***REDACTED***"
#: Longer than any word, and than the ids of models: a key of nobody knows what.
_LONG_KEY: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{32,}(?![\w-])")


def hide(text: str, custom_patterns: Sequence[str]) -> str:
    """A text without what identifies or unlocks.

    Args:
        text: Of any length.
        custom_patterns: Regular expressions, of what is hidden besides.

    Raises:
        BadText: A pattern is no regular expression.
        RenderingFailed: One takes too long on this text.
    """
    text = _LONG_KEY.sub(HIDDEN, without_secrets(text, lambda _: HIDDEN))
    for pattern in custom_patterns:
        text = replaced(pattern, HIDDEN, text)
    return text


def redactor(custom_patterns: Sequence[str]) -> Callable[[str], str]:
    """What redacts messages.

    Args:
        custom_patterns: Regular expressions, of what is hidden besides.
    """
    unusable = False

    def redacted(text: str) -> str:
        nonlocal unusable
        try:
            text = hide(text, () if unusable else custom_patterns)
        except (BadText, RenderingFailed):
            # Tried once: it would take its time with every message.
            unusable = True
        # Nobody knows what an unusable one would have hidden.
        return HIDDEN if unusable else cut(text)

    return redacted
