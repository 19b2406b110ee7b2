"""Text widgets: CommonMark with tables, no HTML and nothing that loads from elsewhere."""

import re
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

#: CloudWatch's own notation for links drawn as buttons.
_BUTTON: Final = re.compile(r"\[button(?::[a-z]+)?:")
#: The renderer writes a column's alignment as a style, which the page's policy refuses.
_ALIGNED: Final = re.compile(r'(<t[hd]) style="text-align:\w+"')


@cache
def _renderer() -> MarkdownIt:
    # Without images: the page loads nothing, and its policy would refuse them.
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def to_html(markdown: str) -> str:
    """Return HTML in which everything the author wrote is text or a harmless link."""
    rendered: str = _renderer().render(_BUTTON.sub("[", markdown))
    rendered = _ALIGNED.sub(r"\1", rendered)
    # Links leave the page, and learn nothing of where they were.
    return rendered.replace("<a href=", '<a target="_blank" rel="noopener noreferrer" href=')
