"""Links and the paths that pages mention lead somewhere."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import PROJECT, pages

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_INLINE: Final = re.compile(r"(?<!`)`([^`\s]+)`(?!`)")
_HEADING: Final = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
#: A path is written from one of these, or from the page's own folder.
_ROOTS: Final = ("", "lambda_src", "lambda_src/tradewind", "lambda_src/siting")
#: Made when the project is used.
_GENERATED: Final = (
    "out",
    "cdk.out",
    ".build",
    ".localcloud",
    ".venv",
    "node_modules",
    "answer.json",
)
#: Such as ``agents/NAME/agent.toml``.
_PLACEHOLDER: Final = re.compile(r"[A-Z]{4,}|[<{*]")
_SOURCE_ENDS: Final = (".py", ".md", ".yaml", ".yml", ".toml")


def anchors(page: Path) -> set[str]:
    """The names that a page's headings have on GitHub."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(PROJECT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_path_that_is_mentioned_exists(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    top = {entry.name for entry in PROJECT.iterdir()}
    for mentioned in _INLINE.findall(text):
        path = mentioned.removeprefix("./").partition(":")[0].rstrip("/")
        beginning = path.partition("/")[0]
        if not path or _PLACEHOLDER.search(path) or beginning in _GENERATED:
            continue
        if not (("/" in path and beginning in top) or path.endswith(_SOURCE_ENDS)):
            continue
        tried = [PROJECT / root / path for root in _ROOTS] + [page.parent / path]
        found = any(one.exists() for one in tried) or ("/" not in path and _is_somewhere(path))
        assert found, f"{page.relative_to(PROJECT)} mentions {mentioned}"


def _is_somewhere(name: str) -> bool:
    """Whether a folder of sources has a file, or a template, that a bare name may mean."""
    folders = ("lambda_src", "stacks", "cli", "devtools", "tests", "scripts")
    names = (name, f"{name}.template")
    return any(next((PROJECT / folder).rglob(one), None) for folder in folders for one in names)
