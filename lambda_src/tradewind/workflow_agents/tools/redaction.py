"""Personal data and keys, taken out of what tools are given and give."""

from collections.abc import Sequence
from typing import Any

from tradewind.telemetry.workflow_redaction import HIDDEN, hide
from tradewind.workflow.text.faults import BadText, RenderingFailed


class Redactor:
    """Takes e-mail addresses, card, telephone and social security numbers and long keys out.

    Args:
        patterns: Regular expressions of the file's, whose hits go, too.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = patterns

    def text(self, text: str) -> str:
        """A text without them. What cannot be searched in time is hidden as a whole."""
        try:
            return hide(text, self._patterns)
        except (BadText, RenderingFailed):
            return HIDDEN

    def values(self, value: Any) -> Any:
        """A value of JSON, its texts without them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.values(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.values(entry) for entry in value]
        return value
