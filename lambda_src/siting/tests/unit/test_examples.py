import json
import math
from pathlib import Path

import pytest

from siting.tests.chain import EXAMPLES, example
from tradewind.contracts.request import parse_request


@pytest.mark.parametrize("file", sorted((EXAMPLES / "requests").glob("*.json")), ids=str)
def test_a_request_is_one_that_its_agent_takes(file: Path) -> None:
    request = parse_request(json.loads(file.read_text()), file.stem)

    assert request.agent == file.stem
    # A project is made by the first agent, and never by an example.
    assert request.project_id is None


def test_the_terrain_request_brings_the_example_site() -> None:
    assert example("requests/terrain.json")["parameters"]["site"] == example("site.geojson")


def test_the_case_study_request_holds_the_published_layout() -> None:
    request = parse_request(example("iea37_case1_16.json"), "simulation")
    rings = [(650.0, 5), (1300.0, 10)]
    published = [(0.0, 0.0)] + [
        (round(r * math.cos(math.tau * at / n), 4), round(r * math.sin(math.tau * at / n), 4))
        for r, n in rings
        for at in range(n)
    ]

    assert [(one["x_m"], one["y_m"]) for one in request.parameters["turbines"]] == published
