"""Nothing that was written elsewhere becomes markup, and nothing is loaded."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.dashboard import d3
from devtools.dashboard.markdown import to_html
from devtools.dashboard.page import page
from tests.dashboard_app import EVIL_LABEL, EVIL_MARKDOWN, sample_preview


class Seen(HTMLParser):
    """The elements and attributes that a browser would make of a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


_TEXT_ONLY = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def assert_harmless(html: str) -> None:
    for tag, attributes in Seen(html).elements:
        assert tag in _TEXT_ONLY
        assert set(attributes) <= {"href", "target", "rel", "class", "title", "start"}
        scheme = (attributes.get("href") or "").partition(":")[0].strip().lower()
        assert scheme not in {"javascript", "vbscript", "data", "file"}


def test_markdown_is_rendered() -> None:
    html = to_html(
        "# Title\n\n- **good** is [green](https://example.com/a)\n\n|a|b|\n|--|-:|\n|1|2|"
    )
    tags = [tag for tag, _ in Seen(html).elements]
    assert {"h1", "ul", "li", "strong", "a", "table", "td"} <= set(tags)
    assert 'rel="noopener noreferrer"' in html


def test_hostile_markdown_is_text() -> None:
    assert_harmless(to_html(EVIL_MARKDOWN))


@pytest.mark.parametrize(
    "markdown",
    [
        "<iframe src=//evil>",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://example.com/pixel)",
        '[x](https://example.com "onmouseover=alert(1)")',
        "<https://example.com/?a=<script>>",
        "```<script>\nalert(1)\n```",
        "&lt;script&gt;",
    ],
)
def test_more_hostile_markdown(markdown: str) -> None:
    assert_harmless(to_html(markdown))


@given(st.text(alphabet="<>[]()!\"'`=:/&;#|-\n javscriptonerhf", max_size=60))
def test_no_markdown_becomes_an_element_that_acts(markdown: str) -> None:
    assert_harmless(to_html(markdown))


def test_buttons_are_links() -> None:
    html = to_html("[button:primary:Runbook](https://example.com/r)")
    assert ">Runbook</a>" in html


def test_embedded_data_cannot_leave_their_element(tmp_path: Path) -> None:
    document = sample_preview(tmp_path).document("shop-test-strange")
    whole = page(document)
    assert EVIL_LABEL not in whole
    assert "<img" not in whole
    _, _, rest = whole.partition('id="document">')
    data, _, _ = rest.partition("</script>")
    assert json.loads(data) == document


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    for whole in (page(), page(sample_preview(tmp_path).document("shop-test-overview"))):
        addresses = [
            value
            for _, attributes in Seen(whole).elements
            for name, value in attributes.items()
            if name in {"src", "href", "action"}
        ]
        assert addresses == ["data:,"]


def test_the_policy_allows_the_own_script_and_a_written_page_no_request() -> None:
    def policy(whole: str) -> str:
        (found,) = [a["content"] for _, a in Seen(whole).elements if "http-equiv" in a]
        return found or ""

    served, written = policy(page()), policy(page({"widgets": []}))
    for one in (served, written):
        assert one.startswith("default-src 'none'")
        assert "unsafe" not in one
        assert one.count("'sha256-") == 2
    assert "connect-src 'self'" in served
    assert "connect-src 'none'" in written


def test_the_chart_library_comes_with_its_licences() -> None:
    whole = page()
    for name in d3.MODULES:
        licence = (d3.NODE_MODULES / name / "LICENSE").read_text(encoding="utf-8")
        assert licence in whole
        assert re.search(rf"/\*!.*\b{name}\b", whole)


def test_what_is_inlined_is_what_is_locked() -> None:
    lock = json.loads((d3.NODE_MODULES.parent / "package-lock.json").read_text(encoding="utf-8"))
    locked = {
        path.removeprefix("node_modules/")
        for path, one in lock["packages"].items()
        if path and not one.get("dev")
    }
    assert locked == set(d3.MODULES)


def test_a_missing_chart_library_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(d3.LibraryMissing) as missing:
        d3.source(tmp_path)
    assert str(missing.value).splitlines() == [
        f"The page's chart library is not installed (internmap is not in {tmp_path}); "
        "`make setup` or `npm ci` installs it."
    ]
