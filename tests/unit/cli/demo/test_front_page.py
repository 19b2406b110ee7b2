"""The front page shows whatever agents left, escapes all they said, and leads nowhere else."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from cli.demo.front_page import front_page
from cli.demo.result import Dashboard, DemoResult, File
from tests.unit.cli.demo.page import Page
from tests.unit.cli.demo.results import agent, demo, write_files

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} &amp;"""


CREW = (
    agent("survey", "map.png", "map.html", "land.json", facts={"free_km2": 21.875, "site_km2": 28}),
    agent("study", "rose.png", "energy.png", facts={"aep_gwh": 463.29}),
    agent(
        "paper",
        "paper.html",
        "paper.pdf",
        facts={"free_km2": 21.875, "aep_gwh": 463.29},
        request={"query": "Write it.", "parameters": {"title": "North farm"}},
    ),
)


@pytest.mark.parametrize(
    "result",
    [
        demo(*CREW),
        demo(agent("alone")),
        demo(agent("alone"), dashboards=()),
        demo(*CREW, agent("grid"), agent("cost", "cost.json")),
        demo(agent("odd names", "a b&c#?.png", "q\"uote's<.pdf")),
    ],
    ids=["crew", "one agent, nothing left", "no dashboards", "five agents", "odd names"],
)
def test_every_link_leads_to_a_file_beside_the_page_or_into_it(
    result: DemoResult, tmp_path: Path
) -> None:
    write_files(result, tmp_path)
    page = Page(front_page(result))
    names = {attributes.get("id") for _, attributes in page.elements}
    assert page.links()
    for link in page.links():
        if link.startswith("#"):
            assert unquote(link[1:]) in names
        else:
            assert (tmp_path / unquote(link)).is_file(), link
    for one in result.agents:
        assert one.name in page.text
        assert one.description in page.text
        for file in one.files:
            assert any(unquote(link) == file.path for link in page.links())


def test_pictures_are_shown_and_documents_offered_from_the_last_agent_on() -> None:
    html = front_page(demo(*CREW))
    page = Page(html)
    assert page.pictures() == [
        "survey/map.png",
        "survey/map.png",
        "study/rose.png",
        "study/energy.png",
    ]
    order = [
        html.index(f'href="{path}"')
        for path in ("paper/paper.pdf", "paper/paper.html", "survey/map.html")
    ]
    assert order == sorted(order)


def test_the_figures_are_those_of_the_answers() -> None:
    text = " ".join(Page(front_page(demo(*CREW))).text.split())
    assert "North farm" in text
    assert "21.88 km² free" in text
    assert "463.3 GWh annual energy" in text
    assert "survey 1,200 ms 400 ms 81 ms 1 4,321 $0.013" in text
    assert "together 3,601 ms 1,200 ms 242 ms 3 12,963 $0.038" in text
    assert "MODEL_REQUEST_REJECTED" in text


def test_what_agents_said_is_data() -> None:
    result = demo(
        agent(
            "terrain",
            description=HOSTILE,
            request={"query": HOSTILE, "parameters": {"title": HOSTILE}},
            response=HOSTILE,
            facts={HOSTILE: HOSTILE},
            files=(
                File(HOSTILE, "terrain/x.png", "image/png", 1),
                File(HOSTILE, "terrain/x.pdf", "application/pdf", 1),
                File(HOSTILE, "terrain/x.bin", HOSTILE, 1),
            ),
            refused=HOSTILE,
        ),
        model=HOSTILE,
        dashboards=(
            Dashboard(HOSTILE, HOSTILE, "dashboards/x.html", {"light": "dashboards/x.png"}),
        ),
    )
    page = Page(front_page(result))
    assert "script" not in {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert {link.partition("/")[0] for link in page.links() if not link.startswith("#")} == {
        "terrain",
        "dashboards",
        "demo.json",
    }


@pytest.mark.parametrize(("real", "said"), [(True, "Amazon Bedrock"), (False, "Scripted")])
def test_it_says_what_the_model_was(real: bool, said: str) -> None:
    text = Page(front_page(demo(*CREW, real_model=real))).text
    assert said in text
    assert ("scripted model's" in text) != real
    assert "No real place looks like this" in text


def test_dashboards_follow_the_readers_theme() -> None:
    pictures = {theme: f"dashboards/x-{theme}.png" for theme in ("light", "dark")}
    page = Page(
        front_page(
            demo(*CREW, dashboards=(Dashboard("app-x", "x", "dashboards/x.html", pictures),))
        )
    )
    assert pictures["light"] in page.pictures()
    assert pictures["dark"] in [a.get("srcset") for tag, a in page.elements if tag == "source"]


def test_half_a_character_does_not_cost_the_page() -> None:
    page = front_page(demo(agent("grid", response="half \ud800 of it", facts={"a": "\udfff"})))
    assert "half ? of it" in page
    page.encode()


def test_a_title_steers_no_terminal() -> None:
    asked = {"query": "Do.", "parameters": {"title": "A\x1b]0;farm\n"}}
    assert demo(agent("grid", request=asked)).title == "A ]0;farm"
