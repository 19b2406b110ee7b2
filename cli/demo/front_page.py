"""``index.html``: the demo's result for a planner and a manager, in one page without a script.

It shows what agents left by its type and name, and knows none of them. Whatever they answered is
data: everything is escaped.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cli.demo.facts import Fact, readable, words
from cli.demo.result import DemoResult, File
from cli.pages import templates_in

FRONT_PAGE: Final = "index.html"
_TEMPLATES: Final = Path(__file__).parent / "templates"
_KILO: Final = 1000


def front_page(result: DemoResult) -> str:
    """Return the page. Its links lead to what lies beside it, so it opens from a disk."""
    environment = templates_in(_TEMPLATES)
    environment.filters |= {"href": quote, "words": _file_words, "size": _size, "facts": _facts}
    pictures = [file for agent in result.agents for file in agent.of_kind("picture")]
    page = environment.get_template("index.html").render(
        demo=result,
        main_picture=pictures[0] if pictures else None,
        # The last agent's are what the others worked for, and a PDF is what is sent on.
        documents=_documents_first_to_open(result),
        total_cost_usd=sum(agent.cost_usd for agent in result.agents),
        refused_codes=sorted({agent.refused for agent in result.agents}),
        style=(_TEMPLATES / "index.css").read_text(encoding="utf-8"),
    )
    # Half of a character, which JSON can hold, is none in UTF-8.
    return page.encode("utf-8", "replace").decode("utf-8")


def _documents_first_to_open(result: DemoResult) -> Sequence[File]:
    return [
        file
        for agent in reversed(result.agents)
        for file in sorted(agent.of_kind("document"), key=lambda f: not f.name.endswith(".pdf"))
    ]


def _facts(facts: dict[str, Any]) -> list[Fact]:
    return [readable(name, value) for name, value in facts.items()]


def _file_words(name: str) -> str:
    """A file's name as words."""
    stem = name.rpartition(".")[0] or name
    text = words(stem.replace("-", "_")) or name
    return text[:1].upper() + text[1:]


def _size(size_bytes: int) -> str:
    if size_bytes < _KILO:
        return f"{size_bytes} B"
    if size_bytes < _KILO**2:
        return f"{size_bytes / _KILO:.0f} kB"
    return f"{size_bytes / _KILO**2:.1f} MB"
