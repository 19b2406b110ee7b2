"""One wind farm, planned by the deployed agents from the coordinates of a place to its report."""

import hashlib
import io
import json
from typing import Any

import pytest
from pypdf import PdfReader

from cli.agents import example_request
from cli.invoke import Invocation, invoke
from siting.tests.chain import example
from tests.deployed_agents import AGENTS
from tests.e2e.conftest import Deployment, client, manifest_of

LEFT = {
    "terrain": {
        "site.geojson",
        "exclusions.geojson",
        "buildable.geojson",
        "boundaries.geojson",
        "boundaries.html",
        "boundaries.png",
        "wind.json",
    },
    "layout": {"layout.json", "layout.geojson"},
    "simulation": {
        "energy.json",
        "wind_rose.png",
        "wake_map.png",
        "aep_per_turbine.png",
        "power_curve.png",
        "energy_by_sector.png",
        "wakes.json",
    },
    "report": {"report.html", "report.pdf", "map.html", "turbines.csv", "site.kml", "site.gpkg"},
}
#: What the report shows of them; the wakes it lays over its own map.
SHOWN = LEFT["simulation"] - {"energy.json", "wake_map.png"}


@pytest.fixture(scope="module")
def chain(deployment: Deployment) -> dict[str, Invocation]:
    done: dict[str, Invocation] = {}
    for agent in AGENTS:
        asked_before = [invocation.answer["project_id"] for invocation in done.values()]
        event = example_request(agent, asked_before[0] if asked_before else None)
        done[agent] = invoke(deployment.functions, deployment.arn(agent), event)
    return done


@pytest.fixture(scope="module")
def project_id(chain: dict[str, Invocation]) -> str:
    made: str = chain["terrain"].answer["project_id"]
    return made


def body_of(deployment: Deployment, key: str) -> bytes:
    found = client("s3").get_object(Bucket=deployment.outputs["ArtifactsBucketName"], Key=key)
    body: bytes = found["Body"].read()
    return body


def file_of(deployment: Deployment, project_id: str, name: str) -> bytes:
    """What a reader of ``{agent}/{file}`` gets."""
    agent, _, file_name = name.partition("/")
    entry = manifest_of(deployment, project_id, agent)[file_name]
    return body_of(deployment, entry["key"])


@pytest.mark.parametrize("agent", LEFT)
def test_every_agent_leaves_its_part_in_the_project_that_the_first_one_made(
    chain: dict[str, Invocation], project_id: str, agent: str
) -> None:
    answer = chain[agent].answer
    assert answer["success"], answer["error"]
    assert answer["project_id"] == project_id
    keys = [artifact["key"] for artifact in answer["artifacts"]]
    assert all(key.startswith(f"{agent}/{project_id}/") for key in keys)
    assert {key.rpartition("/")[2] for key in keys} >= LEFT[agent]


@pytest.mark.parametrize("agent", LEFT)
def test_the_manifest_tells_where_every_artifact_comes_from(
    deployment: Deployment, chain: dict[str, Invocation], project_id: str, agent: str
) -> None:
    manifest = manifest_of(deployment, project_id, agent)
    assert set(manifest) >= LEFT[agent]
    readable = {agent, *AGENTS[agent].reads_from}
    for origin in manifest.values():
        body = body_of(deployment, origin["key"])
        assert origin["sha256"] == hashlib.sha256(body).hexdigest()
        assert origin["request_id"] == chain[agent].answer["request_id"]
        assert {source.partition("/")[0] for source in origin["made_from"]} <= readable
    if agent == "report":
        made_from = manifest["report.pdf"]["made_from"]
        for name in ("terrain/site.geojson", "layout/layout.json", "simulation/energy.json"):
            body = file_of(deployment, project_id, name)
            assert made_from[name] == hashlib.sha256(body).hexdigest()


def test_the_energy_is_that_of_the_wind_of_the_site(
    deployment: Deployment, chain: dict[str, Invocation], project_id: str
) -> None:
    energy = json.loads(file_of(deployment, project_id, "simulation/energy.json"))
    assert "terrain/wind.json" in energy["sources"]
    assert 0.2 < energy["capacity_factor"] < 0.65
    assert 0.0 < energy["wake_loss_percent"] < 30.0
    assert chain["report"].answer["facts"]["aep_gwh"] == energy["aep_gwh"]


def test_the_pdf_is_whole(
    deployment: Deployment, chain: dict[str, Invocation], project_id: str
) -> None:
    pdf: Any = PdfReader(
        io.BytesIO(file_of(deployment, project_id, "report/report.pdf")), strict=True
    )
    text = " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)
    energy = chain["simulation"].answer["facts"]
    assert 5 <= len(pdf.pages) <= 20
    assert f"Page {len(pdf.pages)} of {len(pdf.pages)}" in text
    assert "Moorkoog wind farm" in text
    assert f"{energy['aep_gwh']:,.2f} GWh per year" in text
    assert sum(len(page.images) for page in pdf.pages) == len(SHOWN)


def test_the_page_shows_the_charts_without_another_file(
    deployment: Deployment, chain: dict[str, Invocation], project_id: str
) -> None:
    page = file_of(deployment, project_id, "report/report.html").decode()
    assert page.count('src="data:image/png;base64,') == len(SHOWN - {"wakes.json"})
    assert page.count(' href="data:image/png;base64,') == 1
    assert chain["report"].answer["success"]
    for name in SHOWN:
        assert f"simulation/{name}" in page


def test_the_published_case_study_comes_out_of_the_deployed_agent(
    deployment: Deployment,
) -> None:
    case = example("iea37_case1_16.json")
    changes = case | {"project_id": "iea37-case1"}
    del changes["agent"]
    answer = deployment.ask("simulation", **changes).answer
    assert answer["success"], answer["error"]
    assert answer["facts"]["aep_gwh"] == pytest.approx(366.94157116, abs=5e-9)


def test_the_report_is_a_page_that_stands_alone(deployment: Deployment) -> None:
    keys = [artifact["key"] for artifact in deployment.cold["report"].answer["artifacts"]]
    (key,) = [key for key in keys if key.endswith("/report.html")]
    page = body_of(deployment, key).decode()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_a_report_on_land_that_changed_since_is_refused(
    deployment: Deployment, chain: dict[str, Invocation]
) -> None:
    """The last test here: it leaves the project changed."""
    first = chain["terrain"].answer["project_id"]
    event = example_request("terrain", first)
    event["parameters"] = {**event["parameters"], "radius_km": 2}
    event["query"] = event["query"].replace("3 km", "2 km")
    changed = invoke(deployment.functions, deployment.arn("terrain"), event).answer
    assert changed["success"], changed["error"]

    event = example_request("report", first)
    answer = invoke(deployment.functions, deployment.arn("report"), event).answer

    assert "layout/layout.json was not made from the terrain/" in answer["response"]
    assert "Run the layout agent on this project again" in answer["response"]
    assert answer["artifacts"] == []
