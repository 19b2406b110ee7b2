"""Tools that need nothing but themselves, and what is read off pages."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tradewind.workflow_agents.tools.native import SpecText, Zone, current_time, verified
from tradewind.workflow_agents.tools.tool import ToolRefused
from tradewind.workflow_agents.tools.web_pages import results_of, text_of

_PROJECT = Path(__file__).resolve().parents[4]


def test_the_time_has_its_zone() -> None:
    assert datetime.fromisoformat(current_time(Zone())).utcoffset() == timedelta(0)
    there = datetime.fromisoformat(current_time(Zone(timezone="Asia/Kolkata")))
    assert there.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize("name", ["Nowhere/Town", "../../etc/passwd", "/etc/passwd", "", "Europe"])
def test_other_zones_are_refused(name: str) -> None:
    with pytest.raises(ToolRefused):
        current_time(Zone(timezone=name))


def test_a_sound_workflow_is_valid() -> None:
    text = (_PROJECT / "examples/workflows/chain-letter.yaml").read_text()
    assert verified(SpecText(content=text)).splitlines()[0] == "valid"


@pytest.mark.parametrize("content", ["{}", "a: [", "version: 0", "", "- a", "x" * 100])
def test_others_are_told_what_is_wrong(content: str) -> None:
    told = verified(SpecText(content=content))
    assert told.splitlines()[0] == "not valid"
    assert len(told.splitlines()) > 1
    assert "spec-verify-" not in told


@pytest.mark.parametrize(
    "content",
    [
        "agents: {a: {$ref: ../../etc/x.yaml}}",
        "agents: {a: {prompt: x, input_schema: /etc/x.json}}",
        "skills: [{id: a, path: /etc}]",
    ],
)
def test_no_other_file_is_read_for_it(content: str) -> None:
    with pytest.raises(ToolRefused, match="refers to other files"):
        verified(SpecText(content=content))


def test_pages_are_text() -> None:
    page = """<html><head><title>No</title><style>b{}</style></head><body><h1>A &amp; B</h1>
    <script>alert(1)</script><p>One<br>two   three</p><p>Four <b>five</b></p></body></html>"""
    assert text_of(page) == "A & B\n\nOne\ntwo three\n\nFour five"


@pytest.mark.parametrize(
    "page", ["", "<", "<p", "</p></p>", "<style>", "<" * 5000, "<!--", "<a b="]
)
def test_no_page_is_an_error(page: str) -> None:
    assert isinstance(text_of(page), str)
    assert results_of(page) == []


def test_results_are_read_off_the_search_engines_page() -> None:
    page = """
    <div class="result"><h2 class="result__title">
      <a rel="nofollow" class="result__a"
         href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc&amp;rut=1">A <b>b</b>
      </a></h2>
      <a class="result__snippet" href="x">Some <b>words</b><br> here</a></div>
    <div class="result"><a class="result__a" href="https://example.org/">C</a></div>
    """
    assert results_of(page) == [
        {"title": "A b", "url": "https://example.com/a?b=c", "snippet": "Some words here"},
        {"title": "C", "url": "https://example.org/", "snippet": ""},
    ]
