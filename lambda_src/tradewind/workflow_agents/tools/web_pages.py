"""What a page says, without how it looks."""

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urlsplit

_UNSEEN: Final = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_BLOCKS: Final = frozenset(
    {
        *("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"),
        *("header", "footer", "table", "ul", "ol", "pre", "blockquote", "title"),
    }
)
#: Elements that have no end.
_VOID: Final = frozenset({"br", "img", "input", "meta", "link", "hr", "source", "wbr"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def text_of(page: str) -> str:
    """The text of an HTML page."""
    parser = _Text()
    parser.feed(page)
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Results(HTMLParser):
    """The results on DuckDuckGo's page without scripts: titles with links, and snippets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[dict[str, str]] = []
        self._key = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._key:
            self._depth += tag not in _VOID
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "a" and "result__a" in classes:
            self.found.append({"title": "", "url": _target(given.get("href") or ""), "snippet": ""})
            self._key = "title"
        elif "result__snippet" in classes and self.found:
            self._key = "snippet"

    def handle_endtag(self, tag: str) -> None:
        if not self._key or tag in _VOID:
            return
        if self._depth:
            self._depth -= 1
        else:
            self._key = ""

    def handle_data(self, data: str) -> None:
        if self._key:
            self.found[-1][self._key] += data


def _target(link: str) -> str:
    """Where a result leads, without the way past the search engine."""
    parts = urlsplit(link)
    through = parse_qs(parts.query).get("uddg")
    return through[0] if through and parts.path.startswith("/l/") else link


def results_of(page: str) -> list[dict[str, str]]:
    """The results on a page of DuckDuckGo's."""
    parser = _Results()
    parser.feed(page)
    parser.close()
    return [
        {key: " ".join(value.split()) for key, value in result.items()} for result in parser.found
    ]
