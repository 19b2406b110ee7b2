"""Wind that people bring: atlases, roses and masts."""

from typing import Any

import numpy as np
import pytest

from siting.tests.chain import EXAMPLES
from siting.tests.unit.wind.brought_files import (
    PERCENTS,
    ROUGHNESSES_M,
    a_at,
    gwc,
    k_at,
    lib,
    mast,
    mast_rows,
    rose,
)
from siting.wind.brought.atlas import read_atlas
from siting.wind.brought.document import WindFile, kind_of, of_atlas, of_mast, of_rose
from siting.wind.brought.mast import read_mast
from siting.wind.brought.sectors import read_rose
from siting.wind.errors import WindError
from siting.wind.rose import held_at_bounds
from siting.wind.wake.states import read_sectors

every_atlas = pytest.mark.parametrize("text", [lib(), gwc()], ids=["lib", "gwc"])


@every_atlas
@pytest.mark.parametrize("roughness_m", ROUGHNESSES_M)
def test_an_atlas_has_its_own_values_at_its_heights(text: str, roughness_m: float) -> None:
    atlas = read_atlas(text)
    wind = atlas.at(roughness_m, 150.0)

    assert atlas.place == (8.972, 54.7365)
    assert wind.frequency == pytest.approx(np.array(PERCENTS) / sum(PERCENTS))
    assert wind.a_m_per_s == pytest.approx([a_at(roughness_m, 150.0, at) for at in range(12)], 1e-4)
    assert wind.k == pytest.approx([k_at(150.0, at) for at in range(12)], 1e-4)


@every_atlas
def test_between_its_heights_an_atlas_follows_its_power_law(text: str) -> None:
    wind = read_atlas(text).at(0.1, 119.0)

    # Written so that A rises by the exponent 0.28 over this roughness.
    assert wind.shear_exponent == pytest.approx(np.full(12, 0.28), abs=1e-3)
    assert wind.a_m_per_s == pytest.approx([a_at(0.1, 119.0, at) for at in range(12)], 1e-4)
    assert (wind.k > k_at(100.0, 0)).all()
    # Taken from there by a later step, it is the file's at the file's height again.
    assert wind.at_height(150.0).a_m_per_s == pytest.approx(
        [a_at(0.1, 150.0, at) for at in range(12)], 1e-3
    )


def test_what_an_atlas_does_not_have_is_not_made_up() -> None:
    atlas = read_atlas(lib())
    for roughness in (None, 0.05, 0.3):
        with pytest.raises(WindError, match=r"lengths of 0, 0.03, 0.1, 0.4, 1.5 m. Give the one"):
            atlas.at(roughness, 100.0)
    with pytest.raises(WindError, match="the file's heights are 10 to 200 m"):
        atlas.at(0.1, 230.0)


def test_an_atlas_shear_beyond_bounds_is_held_and_told() -> None:
    steep = lib().splitlines()
    # The row of A over water at 150 m: four times the speed at 100 m.
    steep[11] = "  ".join(f"{4.0 * float(one):.4f}" for one in steep[9].split())
    document = of_atlas(read_atlas("\n".join(steep)), 0.0, 120.0)

    assert {one["shear_exponent"] for one in document["sectors"]} == {0.6}
    assert any("the shear exponent was held at 0.6" in one for one in document["limits"])
    usual = of_atlas(read_atlas(lib()), 0.0, 120.0)
    assert not any("held" in one for one in usual["limits"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("5 5 12", "5 5 13"), "sectors make 725"),
        (lambda text: text.replace("5 5 12", "5 12"), "has three counts"),
        (lambda text: text.replace("5 5 12", "5 5 100000"), "4 to 72 are taken"),
        (lambda text: text.replace("14.90", "64.90", 1), "give shares of the year"),
        (lambda text: text.replace("14.90", "nan", 1), "give shares of the year"),
        (lambda text: text.replace("7.1000", "-7.1", 1), "no speed"),
        (lambda text: text.replace("100.0000", "40.0", 1), "heights must rise"),
        (lambda text: text.replace("54.7365", "554.7"), "latitude is 554.7"),
        (lambda text: text.replace("54.7365", "north"), "coordinates are no numbers"),
        (lambda text: text.replace("14.90", "much", 1), "a word where a number"),
    ],
)
def test_a_broken_atlas_is_refused(change: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_atlas(change(lib()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("?>", '?><!DOCTYPE a [<!ENTITY b "c">]>', 1), "document type"),
        (lambda text: text[:-20], "is not XML"),
        (lambda text: text.replace("Rvea", "Other"), "no RveaGeneralised"),
        (lambda text: text.replace('ReferenceHeight="150.0"', 'ReferenceHeight="100.0"'), "two"),
        (lambda text: text.replace("WeibullA", "WeibullB", 1), "no number WeibullA"),
        (lambda text: text.replace('CentreAngleDegrees="30"', 'CentreAngleDegrees="45"'), "equal"),
    ],
)
def test_a_broken_xml_atlas_is_refused(change: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_atlas(change(gwc()))


@pytest.mark.parametrize(
    "text", [rose(), rose(";", ","), rose("\t"), "\ufeff# of a survey\n" + rose(";")]
)
def test_a_rose_is_read_however_it_is_written(text: str) -> None:
    wind = read_rose(text, 100.0, 0.2)

    assert wind.frequency == pytest.approx(np.array(PERCENTS) / sum(PERCENTS))
    assert wind.a_m_per_s == pytest.approx(8.0 + np.arange(12) / 10)
    document = of_rose(wind)
    assert document["mean_wind_speed_m_per_s"] == pytest.approx(7.64, abs=0.05)
    assert read_sectors(document).a_m_per_s == pytest.approx(wind.a_m_per_s)


def test_the_example_is_a_rose() -> None:
    assert read_rose((EXAMPLES / "rose.csv").read_text(), 100.0, 0.2).frequency.argmax() == 8


def test_a_rose_may_be_in_shares_and_in_any_order() -> None:
    header, *rows = rose().replace("Frequency (%)", "frequency").splitlines()
    cells = [one.split(",") for one in rows]
    shares = [",".join((d, f"{float(f) / 100:.4f}", a, k)) for d, f, a, k in reversed(cells)]

    assert read_rose("\n".join((header, *shares)), 100.0, 0.2).a_m_per_s[:2] == pytest.approx(
        [8.0, 8.1]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("A (m/s)", "A (km/h)"), "no column weibull_a_m_per_s"),
        (lambda text: text.replace("A (m/s)", "A"), "with the unit in the name"),
        (lambda text: text.replace("\n30,", "\n45,"), "middles of 12 equally wide sectors"),
        (lambda text: text.replace("\n30,", "\n60,"), "each once"),
        (lambda text: text.replace("14.9,", "24.9,"), "give shares of the year"),
        (lambda text: text.replace("8.3", "inf"), "Line 5: weibull_a_m_per_s is 'inf'"),
        (lambda text: text.replace("8.3", "1_0"), "Line 5"),
        (lambda text: text.replace("8.3", "80.3"), "Weibull A outside of 0 to 40"),
        (lambda text: text.replace("8.3,", ""), "Line 5 has 3 cells"),
        (lambda text: "\n".join(text.splitlines()[:1]), "a header and no rows"),
        (lambda text: text * 8000, "at most 2000000 are taken"),
        (lambda _: 7, "must come as text"),
        (lambda _: " \n#\n", "empty"),
    ],
)
def test_a_rose_that_is_none_is_refused(change: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        of_rose(read_rose(change(rose()), 100.0, 0.2))


def test_a_whole_year_of_a_mast() -> None:
    series = read_mast(mast(mast_rows()))
    document = of_mast(series, series.sectors(12, 80.0, 0.2))

    assert (series.hours, series.missing_hours, series.gaps) == (8784.0, 0.0, 0)
    assert document["notes"] == []
    assert document["mean_wind_speed_m_per_s"] == pytest.approx(9.95, abs=0.01)
    assert sum(one["frequency"] for one in document["sectors"]) == pytest.approx(1.0)
    assert [one["year"] for one in document["yearly"]] == [2024]
    assert "8,784 hours, 100.0 % of that time" in document["data"]


def test_what_a_mast_lacks_is_told() -> None:
    rows = mast_rows()
    del rows[1000:1048]  # two days
    rows[10] = "2024-01-01T10:00:00,9999,100"
    rows[20] = "2024-01-01T20:00:00,7.0,-999"
    rows[30] = "2024-01-02T06:00:00,NaN,"
    rows[-1] = "2024-12-31T23:00:00,,"
    rows.append(rows[-1])
    series = read_mast(mast(reversed(rows)))

    assert series.hours == 8784 - 48 - 4
    assert (series.missing_hours, series.gaps, series.longest_gap_hours) == (52.0, 5, 48.0)
    assert (series.without_values, series.repeated) == (4, 1)
    assert series.speed_m_per_s.max() < 20.0
    assert "52 hours are missing, in 5 gaps, the longest of 48 hours" in series.describe()


def test_half_a_year_is_no_year() -> None:
    series = read_mast(mast(mast_rows(180)))

    less, months = series.shortcomings()
    assert "4,320 hours of a mast, less than a year" in less
    assert months.endswith("the calendar months 7, 8, 9, 10, 11, 12.")
    assert series.yearly_mean_m_per_s() == {}


def test_directions_lie_in_the_sector_around_them() -> None:
    rows = [
        f"{one.rsplit(',', 1)[0]},{'346' if at % 2 else '14'}" for at, one in enumerate(mast_rows())
    ]
    assert read_mast(mast(rows)).sectors(12, 80.0, 0.2).frequency[0] == 1.0


@pytest.mark.parametrize(
    ("at", "row", "message"),
    [
        (5, "2024-01-01T05:00:00,80.5,100", "Line 7: speed_m_per_s is 80.5"),
        (5, "2024-01-01T05:00:00,-1,100", "Line 7: speed_m_per_s is -1"),
        (5, "2024-01-01T05:00:00,5,361", "Line 7: direction_degrees is 361"),
        (5, "2024-01-01T05:00:00,fast,100", "Line 7: speed_m_per_s is 'fast'"),
        (5, "2024-01-01T04:00:00,5,100", "Lines 6 and 7 are of one time and differ"),
        (5, "01.01.2024 05:00,5,100", "Line 7: time is '01.01.2024 05:00'; give ISO 8601"),
        (5, "2024-01-01T05:00:00Z,5,100", "Some times have an offset"),
    ],
)
def test_a_record_that_is_no_measurement_is_refused(at: int, row: str, message: str) -> None:
    rows = mast_rows(40)
    rows[at] = row
    with pytest.raises(WindError, match=message):
        read_mast(mast(rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (mast_rows(20), "480 hours of wind; fewer than 720"),
        (mast_rows(2)[:2], "2 records"),
        (mast_rows(40)[::6], "360 minutes apart"),
        ([one.rsplit(",", 2)[0] + ",," for one in mast_rows(40)], "No record of the series"),
        (
            [*mast_rows(40), *(one.replace(":00:00", ":17:00") for one in mast_rows(10))],
            "not a multiple of 60 minutes",
        ),
    ],
)
def test_a_series_that_says_nothing_of_a_year_is_refused(rows: list[str], message: str) -> None:
    with pytest.raises(WindError, match=message):
        read_mast(mast(rows))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (lib(), WindFile.ATLAS),
        (gwc(), WindFile.ATLAS),
        (rose(";"), WindFile.ROSE),
        (mast(mast_rows(1)), WindFile.MAST),
    ],
)
def test_what_a_file_is_shows_by_itself(text: str, kind: WindFile) -> None:
    assert kind_of(text) is kind


def test_a_k_that_was_held_is_told() -> None:
    rows = [
        {"direction_degrees": 0.0, "frequency": 0.4, "weibull_k": 10.0, "shear_exponent": 0.0},
        {"direction_degrees": 180.0, "frequency": 0.6, "weibull_k": 2.0, "shear_exponent": 0.2},
    ]
    (k,) = held_at_bounds(rows, shear=False)
    assert k.startswith("In the sectors 0° (40.0 % of the year) Weibull k was held at 10")
    assert len(held_at_bounds(rows, shear=True)) == 2
