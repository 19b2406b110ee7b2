import copy
import json
from typing import Any

import pytest
from shapely.geometry import LineString, Point, box

from siting.wind import geojson
from siting.wind.errors import WindError
from siting.wind.features import FeatureClass
from siting.wind.site import MapFeature, read_boundary, read_site, site_around

HUGE = int("9" * 400)


def square(west: float, south: float, side: float = 0.05) -> list[list[list[float]]]:
    east, north = west + side, south + side
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def site(*features: dict[str, Any], coordinates: Any = None) -> dict[str, Any]:
    boundary = {
        "type": "Feature",
        "properties": {"class": "boundary"},
        "geometry": {"type": "Polygon", "coordinates": coordinates or square(9.0, 54.0)},
    }
    return {"type": "FeatureCollection", "features": [boundary, *features]}


def feature(kind: Any, geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"class": kind}, "geometry": geometry}


def test_a_feature_alone_is_a_boundary() -> None:
    read = read_site(site()["features"][0])

    assert read.features == ()
    assert read.boundary_m.area == pytest.approx(0.05**2 * 111_300 * 65_200, rel=0.01)


def test_features_keep_class_and_name() -> None:
    road = feature("road", {"type": "LineString", "coordinates": [[9.01, 54.0], [9.02, 54.05]]})
    road["properties"]["name"] = "B 5"

    read = read_site(site(road))

    assert [(one.feature_class, one.name) for one in read.features] == [(FeatureClass.ROAD, "B 5")]


def test_only_the_boundary_can_be_read() -> None:
    read = read_boundary(site(feature("castle", None)))

    assert read.features == ()


def test_heights_are_left_out() -> None:
    flat = read_site(site())
    high = read_site(site(coordinates=[[[x, y, 12.5] for x, y in square(9.0, 54.0)[0]]]))

    assert high.boundary_m.equals(flat.boundary_m)


def test_a_far_feature_is_counted_and_left_out() -> None:
    far = feature("road", {"type": "LineString", "coordinates": [[-70.0, -40.0], [-71.0, -41.0]]})

    read = read_site(site(far))

    assert (read.features, read.features_out_of_reach) == ((), 1)


def test_of_a_vast_feature_only_the_part_near_the_site_counts() -> None:
    sea = {"type": "Polygon", "coordinates": square(-60.0, -20.0, 74.04)}  # ends north of the site

    (water,) = read_site(site(feature("water", sea))).features

    assert 1e9 < water.shape_m.area < 1e10


def test_what_was_written_reads_back_the_same() -> None:
    lake = feature("water", {"type": "Polygon", "coordinates": square(9.01, 54.01, 0.01)})
    first = read_site(site(lake))

    again = read_site(json.loads(json.dumps(first.to_geojson())))

    assert again.boundary_m.symmetric_difference(first.boundary_m).area < 1e-3
    assert again.features[0].shape_m.hausdorff_distance(first.features[0].shape_m) < 1e-3


BOW_TIE = [[[9.0, 54.0], [9.05, 54.05], [9.05, 54.0], [9.0, 54.05], [9.0, 54.0]]]


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        (BOW_TIE, r"boundary is not valid: Self-intersection\[9.025 54.025\]"),
        ([[[9.0, 54.0], [9.1, 54.0], [9.0, 54.0]]], "boundary is no"),
        ([[[9.0, 54.0], [9.1, 54.0]]], "boundary is no proper Polygon"),
        ([[[9.0, 54.0]] * 4], "boundary is not valid"),
        ([[[9.0, 54.0], [9.1, float("nan")], [9.1, 54.1]]], r"\[9.1, nan\].*finite"),
        ([[[9.0, 54.0], [9.1, float("inf")], [9.1, 54.1]]], "finite"),
        ([[[9.0, 54.0], [9.1, HUGE], [9.1, 54.1]]], r"\[9.1, 9999"),
        ([[[9.0, 54.0], [200.0, 54.0], [9.1, 54.1]]], r"\[200, 54\].*within 180 and 90"),
        ([[[54.0, 109.0], [54.1, 109.0], [54.1, 109.1]]], r"\[longitude, latitude\]"),
        ([[["9", "54"], [9.1, 54.0], [9.1, 54.1]]], "in numbers"),
        ([[[True, 54], [9.1, 54.0], [9.1, 54.1]]], "in numbers"),
        ([[[9.0], [9.1, 54.0], [9.1, 54.1]]], "in numbers"),
        ([[[9.0, 54.0, 0.0, 0.0, 0.0]]], "in numbers"),
        ([[9.0, 54.0], [9.1, 54.0]], "not nested"),
        ([[[[9.0, 54.0]]]], "in numbers"),
        ("POLYGON", "not nested"),
        ({"0": 1}, "not nested"),
        (square(9.0, 54.0, 2.0), "spans 22[0-9] km; one site spans at most 100 km"),
        (square(9.0, 85.0), "between -80 and 84"),
    ],
)
def test_a_boundary_that_cannot_be_used_is_refused(coordinates: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_site(site(coordinates=coordinates))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "not a GeoJSON object"),
        ([], "not a GeoJSON object"),
        ({}, "must be a GeoJSON FeatureCollection"),
        ({"type": "FeatureCollection"}, "must be a GeoJSON FeatureCollection"),
        ({"type": "FeatureCollection", "features": []}, "0 features of class 'boundary'"),
        ({"type": "FeatureCollection", "features": [7]}, "Feature 0 .* not a GeoJSON Feature"),
        ({"type": "Feature"}, "boundary has no geometry"),
        ({"type": "Feature", "geometry": {"type": "Point"}}, "is of type Point; allowed here: Pol"),
        ({"type": "Feature", "geometry": {"type": ["Polygon"]}}, "allowed here: Polygon, MultiPol"),
        (
            {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": []}},
            "an empty MultiPolygon",
        ),
    ],
)
def test_what_is_no_site_is_refused(given: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_site(given)


@pytest.mark.parametrize(
    ("kind", "geometry", "message"),
    [
        (
            "castle",
            {"type": "Point", "coordinates": [9.0, 54.0]},
            "'castle'; known are boundary, b",
        ),
        (None, {"type": "Point", "coordinates": [9.0, 54.0]}, "'None'; known are"),
        (["road"], {"type": "Point", "coordinates": [9.0, 54.0]}, "known are"),
        ("road", None, r"Feature 1 of the site \(road\) has no geometry"),
        ("road", {"type": "GeometryCollection", "geometries": []}, "GeometryCollection; allowed"),
        ("road", {"type": "LineString", "coordinates": [[9.0, 54.0]]}, "no proper LineString"),
        ("water", {"type": "Polygon", "coordinates": BOW_TIE}, r"\(water\) is not valid"),
    ],
)
def test_a_feature_that_cannot_be_used_is_named(kind: Any, geometry: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_site(site(feature(kind, geometry)))


def test_two_boundaries_are_one_too_many() -> None:
    twice = site(copy.deepcopy(site()["features"][0]))

    with pytest.raises(WindError, match="2 features of class 'boundary'; it needs exactly one"):
        read_site(twice)


def test_vertices_are_counted_over_the_whole_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson, "MAX_VERTICES", 9)
    five = {"type": "Polygon", "coordinates": square(9.01, 54.01, 0.01)}

    with pytest.raises(WindError, match="more than 9 vertices"):
        read_site(site(feature("water", five)))


def test_features_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    point = feature("building", {"type": "Point", "coordinates": [9.0, 54.0]})
    monkeypatch.setattr("siting.wind.site.MAX_FEATURES", 2)

    with pytest.raises(WindError, match="3 features; at most 2"):
        read_site(site(point, point))


class TestAntimeridian:
    """One square across 180 degrees, written as three kinds of maps write it."""

    RUNNING_OVER = (((179.97, -17.0), (-179.97, -17.0), (-179.97, -16.95), (179.97, -16.95)),)
    WEST = ((179.97, -17.0), (180.0, -17.0), (180.0, -16.95), (179.97, -16.95))
    EAST = ((-180.0, -17.0), (-179.97, -17.0), (-179.97, -16.95), (-180.0, -16.95))

    def boundary(self, *rings: tuple[tuple[float, float], ...]) -> dict[str, Any]:
        polygons = [[[list(p) for p in ring] + [list(ring[0])]] for ring in rings]
        return feature("boundary", {"type": "MultiPolygon", "coordinates": polygons})

    def test_it_keeps_its_shape(self) -> None:
        elsewhere = read_site(
            self.boundary(tuple((lon % 360 - 6, lat) for lon, lat in self.RUNNING_OVER[0]))
        )
        for rings in (self.RUNNING_OVER, (self.WEST, self.EAST), (self.EAST, self.WEST)):
            read = read_site(self.boundary(*rings))
            assert len(read.boundary_m.geoms) == 1
            assert read.boundary_m.area == pytest.approx(elsewhere.boundary_m.area, rel=1e-9)

    def test_it_is_written_in_two_parts(self) -> None:
        written = read_site(self.boundary(*self.RUNNING_OVER)).to_geojson()

        geometry = written["features"][0]["geometry"]
        spans = sorted(
            (min(lon for lon, _ in part[0]), max(lon for lon, _ in part[0]))
            for part in geometry["coordinates"]
        )
        assert spans == [(-180.0, -179.97), (179.97, 180.0)]

    def test_a_feature_on_either_side_counts(self) -> None:
        points = [
            feature("building", {"type": "Point", "coordinates": [longitude_deg, -16.98]})
            for longitude_deg in (179.98, -179.98, 180.0, -180.0)
        ]
        read = read_site(
            {"type": "FeatureCollection", "features": [self.boundary(self.EAST), *points]}
        )

        assert len(read.features) == 4
        # The boundary begins at 180 degrees; 0.02 degrees are 2,130 m there.
        distances = [one.shape_m.distance(read.boundary_m) for one in read.features]
        assert distances == pytest.approx([2130, 0, 0, 0], abs=5)

    def test_lines_and_points_are_written_within_the_range_too(self) -> None:
        line = {"type": "LineString", "coordinates": [[179.98, -16.98], [-179.98, -16.98]]}
        site_json = {
            "type": "FeatureCollection",
            "features": [self.boundary(*self.RUNNING_OVER), feature("road", line)],
        }

        road = read_site(site_json).to_geojson()["features"][1]["geometry"]

        assert road["type"] == "MultiLineString"
        assert all(abs(lon) <= 180.0 for part in road["coordinates"] for lon, _ in part)

    @pytest.mark.parametrize(
        "over_deg", [0.0, 1e-10, 4e-10, 6e-10, 1e-9, 2e-9, 1e-7, -4e-10, -1e-9]
    )
    def test_what_reaches_over_by_a_hair_is_read_back(self, over_deg: float) -> None:
        """What is cut off may be too thin to be written as an area, or as anything."""
        shapes = (
            box(179.98, -17.0, 180.0 + over_deg, -16.99),
            box(180.0 - over_deg, -17.0, 180.02, -16.99),
            LineString([(179.99, -17.0), (180.0 + over_deg, -16.97)]),
            Point(180.0 + over_deg, -16.98),
        )
        found = [MapFeature(FeatureClass.WATER, "", one) for one in shapes]
        site = site_around(180.0 + over_deg, -17.0, 3000.0, found)

        read = read_site(json.loads(json.dumps(site.to_geojson())))

        assert read.boundary_m.area == pytest.approx(site.boundary_m.area, rel=1e-6)
        for one, again in zip(site.features, read.features, strict=True):
            assert one.shape_m.hausdorff_distance(again.shape_m) < 0.01


def test_a_place_is_a_name_and_keeps_nothing_away() -> None:
    hof: dict[str, Any] = {
        "type": "Feature",
        "properties": {"class": "place", "kind": "hamlet", "name": "Hof"},
        "geometry": {"type": "Point", "coordinates": [8.97, 54.74]},
    }
    around = site_around(8.97, 54.74, 2000.0).to_geojson()
    around["features"].append(hof)

    read = read_site(around)

    assert read.classes == frozenset()
    assert [(one.kind, one.name) for one in read.places] == [("hamlet", "Hof")]
    assert read_site(read.to_geojson()).places == read.places
    for wrong in ({"kind": "planet"}, {"name": " "}, {"name": 7}, {"kind": ["village"]}):
        around["features"][-1] = {**hof, "properties": {**hof["properties"], **wrong}}
        with pytest.raises(WindError, match="Feature 1 of the site is a place"):
            read_site(around)
