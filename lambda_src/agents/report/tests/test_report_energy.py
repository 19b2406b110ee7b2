"""What a report says of the energy: what it rests on, what is lost, and how sure it is."""

import json

import pytest

from agents.report.tests.reading import (
    ENERGY,
    PAGE,
    computed_from_wind,
    page_of,
    pdf_of,
    report_on,
    text_of,
)
from tests.project_files import ProjectContent
from tradewind.run.memory_artifacts import MemoryArtifactStore


def test_no_yield_is_on_a_cover_whose_wind_is_not_the_places(store: MemoryArtifactStore) -> None:
    report_on(store)
    without = ProjectContent(store)[PAGE].decode()
    assert "<dt>Capacity factor" not in without
    assert "There is no yield on this cover" in without

    computed_from_wind(store)
    report_on(store)
    with_wind = ProjectContent(store)[PAGE].decode()
    assert "<dt>Annual energy, net of wakes and losses (P50)" in with_wind
    assert "<dt>P90, mean of ten years" in with_wind
    assert "<dt>Capacity factor" in with_wind
    assert "There is no yield" not in with_wind


@pytest.mark.parametrize(("factor", "questioned"), [(0.59, False), (0.61, True)])
def test_a_capacity_factor_that_no_farm_reaches_is_questioned(
    store: MemoryArtifactStore, factor: float, questioned: bool
) -> None:
    computed_from_wind(store)
    content = ProjectContent(store)
    energy = {**json.loads(content[ENERGY]), "capacity_factor": factor}
    content.leave_again({ENERGY: json.dumps(energy).encode()}, read=("terrain/wind.json",))
    report_on(store)
    assert ("is more than wind farms reach over years" in page_of(store).text) is questioned


def test_losses_are_taken_off_one_after_the_other_and_the_rest_is_as_sure_as_it_is(
    store: MemoryArtifactStore,
) -> None:
    computed_from_wind(store)
    report_on(store)
    energy = json.loads(ProjectContent(store)[ENERGY])

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "Availability 3.0 \u2212" in text
        assert "Curtailment 1.0 \u2212" in text
        assert f"Net: what reaches the grid (P50) {energy['net_aep_gwh']:.3f}" in text
        assert "by the means of 5 years" in text
        assert f"{energy['net_aep_gwh']:.1f} GWh per year reach the grid with even odds" in text
        for one in energy["exceeded"]:
            row = f"P{one['probability_percent']} {one['one_year_gwh']:.2f}"
            assert f"{row} {one['ten_years_gwh']:.2f}" in text


def test_wakes_are_bracketed_by_every_model(store: MemoryArtifactStore) -> None:
    computed_from_wind(store)
    report_on(store)
    models = json.loads(ProjectContent(store)[ENERGY])["wake_models"]
    losses = sorted(one["wake_loss_percent"] for one in models)

    page, pdf = page_of(store).text, text_of(pdf_of(store))
    assert f"{losses[0]:.1f} to {losses[-1]:.1f} % by 4 models" in page
    for text in (page, pdf):
        assert f"By 4 models wakes take {losses[0]:.1f} %" in text
        assert "This report's energy is by Gaussian, IEA Task 37." in text
        for one in models:
            assert f"{one['wake_loss_percent']:.1f} {one['aep_gwh']:.3f}" in text


def test_the_air_and_the_calendar_of_the_energy_are_shown(store: MemoryArtifactStore) -> None:
    computed_from_wind(store)
    content = ProjectContent(store)
    energy = json.loads(content[ENERGY])
    year = energy["aep_gwh"]
    energy |= {
        "air": {
            "density_kg_per_m3": 1.0065,
            "source": "the <i>standard</i> atmosphere",
            "energy_change_percent": -10.94,
        },
        "monthly": [{"month": one, "aep_gwh": year / 12} for one in range(1, 13)],
        "hourly": [{"hour_utc": one, "aep_gwh": year / 24} for one in range(24)],
    }
    content.leave_again({ENERGY: json.dumps(energy).encode()}, read=("terrain/wind.json",))
    report_on(store)

    for text in (page_of(store).text, text_of(pdf_of(store))):
        assert "1.006 kg/m³, from the <i>standard</i> atmosphere: 10.9 % less energy" in text
        assert f"December {year / 12:.3f} 8.3" in text
        assert f"11 to 12 {year / 24:.3f} 4.2 23 to 24 {year / 24:.3f} 4.2" in text
        assert "the sun here is 0.6 hours ahead" in text
