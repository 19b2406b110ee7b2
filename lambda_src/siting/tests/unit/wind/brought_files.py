"""Files as people bring them, made for tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta

HEIGHTS_M = (10.0, 50.0, 100.0, 150.0, 200.0)
ROUGHNESSES_M = (0.0, 0.03, 0.1, 0.4, 1.5)
PLACE = "8.9720,54.7365,0.0"
#: In percent, rounded to two decimals: 99.98 of them.
PERCENTS = (6.1, 5.02, 5.4, 6.78, 8.11, 7.2, 8.01, 11.33, 14.9, 12.46, 8.55, 6.12)


def a_at(roughness_m: float, height_m: float, sector: int) -> float:
    """A made-up A that rises with height by a power law of its own for each roughness."""
    shear = 0.08 + 0.1 * ROUGHNESSES_M.index(roughness_m)
    return float((7.0 + 0.1 * sector) * (height_m / 100.0) ** shear)


def k_at(height_m: float, sector: int) -> float:
    return 1.9 + 0.02 * sector + height_m / 1000.0


def row(values: Iterable[float], digits: int = 4) -> str:
    return "  ".join(f"{one:.{digits}f}" for one in values)


def lib(place: str | None = PLACE) -> str:
    """A wind atlas as the Global Wind Atlas gives it."""
    where = "" if place is None else f" <coordinates>{place}</coordinates>"
    lines = [f"Moorkoog, a wind atlas of tests{where}", "5 5 12"]
    lines += [row(ROUGHNESSES_M), row(HEIGHTS_M)]
    for roughness in ROUGHNESSES_M:
        lines.append(row(PERCENTS, 2))
        for height in HEIGHTS_M:
            lines.append(row(a_at(roughness, height, at) for at in range(12)))
            lines.append(row(k_at(height, at) for at in range(12)))
    return "\r\n".join(lines) + "\r\n"


def gwc() -> str:
    """The same, as WAsP's XML."""
    roses = "".join(
        f'<WindAtlasWeibullWindRose RoughnessLength="{roughness}" ReferenceHeight="{height}">'
        + "".join(
            f'<WeibullWind Index="{at + 1}" CentreAngleDegrees="{30 * at}" '
            f'SectorFrequency="{PERCENTS[at] / 100.0}" '
            f'WeibullA="{a_at(roughness, height, at):.4f}" WeibullK="{k_at(height, at):.4f}"/>'
            for at in range(12)
        )
        + "</WindAtlasWeibullWindRose>"
        for roughness in ROUGHNESSES_M
        for height in HEIGHTS_M
    )
    longitude, latitude, _ = PLACE.split(",")
    return (
        '<?xml version="1.0"?><WaspHierarchyMember>'
        f'<RveaAnemometerSiteDetails Description="Moorkoog" LatitudeDegrees="{latitude}" '
        f'LongitudeDegrees="{longitude}"/>'
        f'<RveaGeneralisedMeanWindClimate CountOfSectors="12">{roses}'
        "</RveaGeneralisedMeanWindClimate></WaspHierarchyMember>"
    )


def rose(separator: str = ",", decimal: str = ".") -> str:
    """A wind rose as CSV."""
    header = separator.join(("Direction [deg]", "Frequency (%)", "Weibull A (m/s)", "Weibull k"))
    rows = [
        separator.join(
            str(one).replace(".", decimal) for one in (30 * at, percent, 8.0 + at / 10, 2.1)
        )
        for at, percent in enumerate(PERCENTS)
    ]
    return "\n".join((header, *rows))


def mast_rows(days: int = 366, first: str = "2024-01-01T00:00") -> list[str]:
    """Hours of a mast whose wind turns once in 36 hours."""
    begin = datetime.fromisoformat(first)
    return [
        f"{(begin + timedelta(hours=hour)).isoformat()},"
        f"{4.0 + (hour * 7 % 120) / 10.0:.1f},{hour * 10 % 360}"
        for hour in range(24 * days)
    ]


def mast(rows: Iterable[str]) -> str:
    return "\n".join(("time,speed_m_per_s,direction_degrees", *rows))


def curve(separator: str = ",", decimal: str = ".") -> str:
    """The power curve of a made-up turbine of 2 MW with a rotor of 90 m."""
    header = separator.join(("Wind speed [m/s]", "Power (kW)", "Ct"))
    rows = [(2.0, 0.0, 0.0)]
    rows += [
        (
            float(speed),
            float(min(2000, round(2000.0 * (speed / 12.0) ** 3))),
            0.8 if speed < 12 else 0.3,
        )
        for speed in range(3, 26)
    ]
    rows.append((26.0, 0.0, 0.0))
    lines = [separator.join(str(one).replace(".", decimal) for one in row) for row in rows]
    return "\n".join((header, *lines))
