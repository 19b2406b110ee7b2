"""From a wind file to what later steps read: the same document as of a wind that was fetched."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from siting.wind.brought import mast
from siting.wind.brought.atlas import WindAtlas
from siting.wind.brought.mast import MastSeries
from siting.wind.brought.sectors import means_m_per_s, of_all
from siting.wind.brought.table import numbered_lines, plain_name
from siting.wind.errors import WindError
from siting.wind.rose import FIT_METHOD, held_at_bounds
from siting.wind.wake.states import WeibullSectors, read_sectors

_SECTORS: Final = (
    "Each sector is centred on its direction, where the wind comes from, in degrees from north, "
    "clockwise."
)
_GIVEN: Final = "A and k are the file's own."


class WindFile(StrEnum):
    """What a file of wind is; the value names it in a sentence."""

    ATLAS = "a wind atlas"
    MAST = "a mast's series"
    ROSE = "a wind rose"


def kind_of(text: object) -> WindFile:
    """Say what a file is, by its first lines.

    Raises:
        WindError: It is no text, empty or too long.
    """
    lines = numbered_lines(text)
    if not lines:
        raise WindError("The file is empty.")
    first = lines[0][1].strip()
    counts = lines[1][1].split() if len(lines) > 1 else []
    if first.startswith("<") or (len(counts) == len("zhs") and all(w.isdigit() for w in counts)):
        return WindFile.ATLAS
    header = [plain_name(name) for name in first.replace(";", ",").replace("\t", ",").split(",")]
    if any(name in mast.COLUMNS["time"] for name in header):
        return WindFile.MAST
    return WindFile.ROSE


def of_atlas(atlas: WindAtlas, roughness_m: float | None, hub_height_m: float) -> dict[str, Any]:
    """Describe the wind of an atlas over one roughness, at a height.

    Raises:
        WindError: The atlas does not have it.
    """
    sectors = atlas.at(roughness_m, hub_height_m)
    document = _document(
        sectors,
        data=f"A generalised wind climate ({atlas.description or 'without a description'}), over "
        f"flat ground with a roughness length of {roughness_m:g} m.",
        weibull=_GIVEN,
        height="Between two heights of the file by the power law through both, by sector.",
    )
    document["limits"] += [
        "A generalised wind climate is that of flat, even ground: it knows no hill, coast or "
        "forest of the site. What the site adds or takes is not in it.",
        *held_at_bounds(document["sectors"], shear=True),
    ]
    return document


def of_rose(sectors: WeibullSectors) -> dict[str, Any]:
    """Describe a rose that was brought."""
    return _document(
        sectors,
        data=f"A wind rose of {len(sectors.frequency)} sectors, at {sectors.height_m:g} m over "
        "ground.",
        weibull=_GIVEN,
        height="Power law with one exponent for all sectors.",
    )


def of_mast(series: MastSeries, sectors: WeibullSectors) -> dict[str, Any]:
    """Describe a mast's series that was brought."""
    document = _document(
        sectors,
        data=series.describe(),
        weibull=FIT_METHOD,
        height="Power law with one exponent for all sectors.",
    )
    document["limits"] += [
        "The mast's records were taken as they are: its calibration, its shadow, ice on it and "
        "how its years compare with others were not looked at.",
        *held_at_bounds(document["sectors"], shear=False),
    ]
    monthly = enumerate(series.monthly_mean_m_per_s(), start=1)
    return document | {
        "notes": series.shortcomings(),
        "hours": round(series.hours, 2),
        "missing_hours": round(series.missing_hours, 2),
        "columns_ignored": list(series.ignored),
        "monthly": [
            {"month": month, "mean_wind_speed_m_per_s": None if one is None else round(one, 4)}
            for month, one in monthly
        ],
        "yearly": [
            {"year": year, "mean_wind_speed_m_per_s": round(mean, 4)}
            for year, mean in series.yearly_mean_m_per_s().items()
        ],
    }


def _document(sectors: WeibullSectors, *, data: str, weibull: str, height: str) -> dict[str, Any]:
    everywhere = of_all(sectors)
    document: dict[str, Any] = {
        "hub_height_m": sectors.height_m,
        "mean_wind_speed_m_per_s": round(everywhere.mean_m_per_s, 4),
        "weibull_a_m_per_s": round(everywhere.a_m_per_s, 4),
        "weibull_k": round(everywhere.k, 4),
        "data": data,
        "sector_width_degrees": 360.0 / len(sectors.frequency),
        "sectors": _rows(sectors),
        "method": {"sectors": _SECTORS, "weibull": weibull, "height": height},
        "limits": [],
        "notes": [],
    }
    # What a simulation would refuse is refused here, where the file is at hand.
    read_sectors(document)
    return document


def _rows(sectors: WeibullSectors) -> Sequence[dict[str, float]]:
    columns = zip(
        sectors.direction_degrees.tolist(),
        sectors.frequency.tolist(),
        means_m_per_s(sectors).tolist(),
        sectors.a_m_per_s.tolist(),
        sectors.k.tolist(),
        sectors.shear_exponent.tolist(),
        strict=True,
    )
    return [
        {
            "direction_degrees": direction,
            "frequency": frequency,
            "mean_wind_speed_m_per_s": round(mean, 4),
            "weibull_a_m_per_s": round(a, 4),
            "weibull_k": round(k, 4),
            "shear_exponent": round(shear, 4),
        }
        for direction, frequency, mean, a, k, shear in columns
    ]
