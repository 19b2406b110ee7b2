"""What a layout across 180 degrees leaves can be read by others, and by itself."""

import json

import pytest
import shapely

from agents.layout.tests.placing import current, run
from agents.layout.tools.keep import load_layout
from siting.tests.chain import find_land, project_for
from siting.wind.geojson import GeometryReader
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


@pytest.mark.parametrize("west", [179.98, -180.03])
def test_turbines_on_both_sides_are_within_the_range_of_longitudes(west: float) -> None:
    """Whichever side the site's own middle is on."""
    corners = [(west, -17.0), (west + 0.05, -17.0), (west + 0.05, -16.96), (west, -16.96)]
    ring = [[(lon + 180.0) % 360.0 - 180.0, lat] for lon, lat in [*corners, corners[0]]]
    boundary = {
        "type": "Feature",
        "properties": {"class": "boundary"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    store = MemoryArtifactStore()
    find_land(store, {"type": "FeatureCollection", "features": [boundary]}, accept_empty_map=True)
    run(store, turbine_count=60, strategy="grid")

    files = ProjectContent(store)
    features = json.loads(files["layout/layout.geojson"])["features"]
    longitudes = [
        shapely.get_x(GeometryReader().read(one["geometry"], one["properties"]["id"]))
        for one in features
    ]
    assert min(longitudes) < -179.9
    assert max(longitudes) > 179.9
    assert [one["longitude_deg"] for one in current(store)["turbines"]] == longitudes
    _, told = call(load_layout, project_for("layout", store))
    assert told["broken_rules"] == []
