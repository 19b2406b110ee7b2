"""The result is the same for the page, for programs and for the terminal."""

import io
import json

import pytest
from rich.console import Console

from cli.demo.console import show
from cli.demo.result import File
from tests.unit.cli.demo.results import agent, demo

AGENTS = (
    agent("terrain", "map.png", facts={"buildable_km2": 21.875}),
    agent("wake_simulation", facts={"aep_gwh": 463.29}),
    agent("a_name_of_thirty_letters_in_all", facts={"buildable_km2": 21.875, "aep_gwh": 463.29}),
)


def test_the_summary_is_json_and_holds_every_agent() -> None:
    summary = json.loads(json.dumps(demo(*AGENTS).summary()))
    assert list(summary["agents"]) == [one.name for one in AGENTS]
    assert summary["agents"]["terrain"]["artifacts"] == ["terrain/map.png"]
    assert summary["key_facts"] == {"buildable_km2": 21.875, "aep_gwh": 463.29}
    assert summary["model"] == "scripted stand-in"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "picture"),
        ("IMAGE/SVG+XML", "picture"),
        ("text/html; charset=utf-8", "document"),
        ("application/pdf", "document"),
        ("application/geo+json", "data"),
        ("", "data"),
    ],
)
def test_a_file_is_shown_by_its_type(content_type: str, kind: str) -> None:
    assert File("x", "a/x", content_type, 1).kind == kind


@pytest.mark.parametrize("width", [56, 60, 80, 200])
def test_a_terminal_of_any_width_shows_names_figures_and_the_path_whole(
    width: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("a-rather-long-name-of-a-folder-that-no-narrow-terminal-holds")
    console = Console(file=io.StringIO(), width=width)
    show(console, demo(*AGENTS), out)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in printed
    for word in ("terrain", "wake_simulation", "1200", "4321", str(out / "index.html")):
        assert word in printed
    assert "a_name_of_thirty_letters_in_all" in printed or width < 80
    assert "Tradewind demo: buildable 21.88 km², annual energy 463.3 GWh" in printed


def test_the_title_is_the_last_one_that_a_request_gives() -> None:
    def asked(title: object) -> dict[str, object]:
        return {"query": "Do.", "parameters": {"title": title}}

    named = [agent("a", request=asked("One")), agent("b", request=asked(" Two ")), agent("c")]
    assert demo(*named, agent("d", request=asked(7))).title == "Two"
    assert demo(agent("a", request={"query": "x", "parameters": None})).title == "Tradewind demo"
