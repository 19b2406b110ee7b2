"""A page as a browser reads it."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser makes of the page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        # Where an element begins, so does a word; not within a figure and its unit.
        self.text += "" if tag == "span" else " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [
            value
            for _, attributes in self.elements
            for name in ("href", "src", "srcset")
            if (value := attributes.get(name)) is not None
        ]

    def pictures(self) -> list[str]:
        return [a["src"] or "" for tag, a in self.elements if tag == "img"]
