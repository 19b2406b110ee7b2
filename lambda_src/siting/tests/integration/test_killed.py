"""A report on a project whose terrain agent was killed tells the old whole truth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from siting.crew import REPORT, TERRAIN
from tests.integration.bad_day.deaths import Whole, copy_of, visible
from tests.integration.bad_day.examples import example
from tests.integration.bad_day.mortal import Death, MortalAgent
from tests.integration.bad_day.mortal_agents import StartMortal, deaths, planned, start_mortal
from tests.integration.conftest import caller, shared_dynamodb

__all__ = ["caller", "deaths", "planned", "shared_dynamodb", "start_mortal"]

#: Twice as far from houses as the land that the project was planned on.
WIDER = {"building_setback_m": 1000.0}


def told(report: MortalAgent, folder: Path) -> tuple[Mapping[str, Any], Any]:
    """What a report says now: its figures, and what it was made from."""
    served = report.serve({**example(REPORT), "request_id": folder.name}, folder)
    Whole.of(served)
    return served.answer["facts"], visible(folder)[REPORT]["report.html"].made_from


def test_a_report_on_half_a_terrain_run_tells_the_old_whole_truth(
    start_mortal: StartMortal, planned: Path, tmp_path: Path
) -> None:
    terrain, report = start_mortal(TERRAIN), start_mortal(REPORT)
    event = example(TERRAIN)
    event["parameters"] |= WIDER
    before = told(report, copy_of(planned, tmp_path / "before"))

    anew = copy_of(planned, tmp_path / "anew")
    whole = Whole.of(terrain.serve({**event, "request_id": "anew"}, anew))
    zones = [visible(one)[TERRAIN]["exclusions.geojson"].sha256 for one in (planned, anew)]
    assert len({*zones}) == 2
    refused = report.serve({**example(REPORT), "request_id": "stale"}, anew).answer
    assert refused["artifacts"] == []

    # Once a write is done the store is as before the next; the manifest is the last but one.
    for write in range(1, whole.writes - 1):
        folder = copy_of(planned, tmp_path / f"killed-{write}")
        dead = terrain.serve({**event, "request_id": folder.name}, folder, Death(write, after=True))
        assert dead.ended < 0
        assert told(report, folder) == before, write
