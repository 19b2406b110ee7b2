"""Wind atlas files: a generalised wind climate as the Global Wind Atlas and WAsP write it.

Both kinds hold the same, by reference roughness length and height over ground: how often the wind
comes from each sector, and its Weibull A and k there, over flat ground of that roughness.

``.lib`` is text: a description (the Global Wind Atlas has the place in it, as longitude, latitude
and height between ``coordinates`` tags); how many roughness lengths, heights and sectors there are;
the roughness lengths; the heights; then per roughness length the sectors' frequencies in percent,
and per height a row of A and one of k. ``.gwc`` is WAsP's XML of the same. The layouts are those
that PyWake (``GlobalWindAtlasSite``) and DTU's WindKit (``read_gwc``) read.
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree

import numpy as np

from siting.wind.brought.sectors import as_shares, sectors_at
from siting.wind.brought.table import numbered_lines
from siting.wind.errors import WindError, require_within
from siting.wind.turbines import FloatArray
from siting.wind.wake.states import WeibullSectors

_MAX_COUNT: Final = 20
_MIN_SECTORS, _MAX_SECTORS = 4, 72
_MAX_ROUGHNESS_M: Final = 10.0
_MAX_HEIGHT_M: Final = 1000.0
#: A description and a line of counts, at least.
_MIN_LINES: Final = 2
_PLACE: Final = re.compile(r"<coordinates>([^<]{1,80})</coordinates>")
_MAX_DESCRIPTION: Final = 120
_CENTRE_TOLERANCE_DEGREES: Final = 0.01


@dataclass(frozen=True, slots=True)
class WindAtlas:
    """A generalised wind climate.

    Attributes:
        description: What the file calls it.
        place: Longitude and latitude, in degrees, if the file says them.
        roughness_m: The reference roughness lengths, rising.
        height_m: The reference heights over ground, rising.
        frequency: Shares by roughness, height and sector.
        a_m_per_s: Weibull A, likewise.
        k: Weibull k, likewise.
    """

    description: str
    place: tuple[float, float] | None
    roughness_m: FloatArray
    height_m: FloatArray
    frequency: FloatArray
    a_m_per_s: FloatArray
    k: FloatArray

    def at(self, roughness_m: float | None, hub_height_m: float) -> WeibullSectors:
        """Return the wind over ground of one of the file's roughness lengths, at a height.

        Between two heights A follows the power law through both, and k and the frequencies the
        logarithm of the height. Nothing is taken beyond the file's heights.

        Args:
            roughness_m: One of the file's.
            hub_height_m: Metres over ground.

        Raises:
            WindError: The file does not have it; the message says what it has.
        """
        near = (
            np.isclose(self.roughness_m, roughness_m, rtol=0.01, atol=1e-6)
            if roughness_m is not None
            else np.zeros(len(self.roughness_m), dtype=np.bool_)
        )
        if not near.any():
            has = ", ".join(f"{one:g}" for one in self.roughness_m)
            raise WindError(
                f"The file has the wind over ground with roughness lengths of {has} m. Give the "
                "one of them that is like the site as roughness_length_m (0 is water, 0.03 open "
                "fields, 0.1 fields with hedges and houses, 0.4 villages and small woods, 1.5 "
                "towns and forest), and ask for it if the request does not say.",
                field="roughness_length_m",
            )
        lowest, highest = float(self.height_m[0]), float(self.height_m[-1])
        if not lowest <= hub_height_m <= highest:
            raise WindError(
                f"hub_height_m is {hub_height_m:g}; the file's heights are {lowest:g} to "
                f"{highest:g} m.",
                field="hub_height_m",
            )
        at = int(near.argmax())
        upper = int(np.searchsorted(self.height_m, hub_height_m).clip(1, len(self.height_m) - 1))
        step = np.log(self.height_m[upper] / self.height_m[upper - 1])
        part = np.log(hub_height_m / self.height_m[upper - 1]) / step

        def between(values: FloatArray) -> FloatArray:
            low, high = values[at, upper - 1], values[at, upper]
            return np.asarray(low + part * (high - low))

        return sectors_at(
            frequency=between(self.frequency),
            a_m_per_s=np.exp(between(np.log(self.a_m_per_s))),
            k=between(self.k),
            height_m=hub_height_m,
            shear_exponent=np.log(self.a_m_per_s[at, upper] / self.a_m_per_s[at, upper - 1]) / step,
        )


def read_atlas(text: object) -> WindAtlas:
    """Read a ``.lib`` or ``.gwc`` file.

    Raises:
        WindError: It is neither; the message says what is wrong.
    """
    lines = numbered_lines(text)
    if lines and lines[0][1].lstrip().startswith("<?xml"):
        return _read_gwc(str(text))
    if len(lines) < _MIN_LINES:
        raise WindError("The wind atlas file has no line of counts.")
    try:
        counts = [int(word) for word in lines[1][1].split()]
        numbers = [float(word) for _, line in lines[2:] for word in line.split()]
    except ValueError as wrong:
        raise WindError(f"The wind atlas file has a word where a number belongs: {wrong}.") from (
            wrong
        )
    if len(counts) != len(("roughness lengths", "heights", "sectors")):
        raise WindError(
            "Line 2 of a wind atlas file has three counts: roughness lengths, heights, sectors."
        )
    roughnesses, heights, sectors = counts
    _require_counts(roughnesses, heights, sectors)
    blocks = roughnesses * (1 + 2 * heights) * sectors
    if len(numbers) != roughnesses + heights + blocks:
        raise WindError(
            f"The wind atlas file has {len(numbers)} numbers; {roughnesses} roughness lengths, "
            f"{heights} heights and {sectors} sectors make {roughnesses + heights + blocks}."
        )
    values = np.array(numbers)
    table = values[roughnesses + heights :].reshape(roughnesses, 1 + 2 * heights, sectors)
    description = lines[0][1]
    return _checked(
        WindAtlas(
            description=description,
            place=_place_in(description),
            roughness_m=values[:roughnesses],
            height_m=values[roughnesses : roughnesses + heights],
            frequency=np.repeat(table[:, :1], heights, axis=1),
            a_m_per_s=table[:, 1::2],
            k=table[:, 2::2],
        )
    )


def _read_gwc(text: str) -> WindAtlas:
    # Without a document type there are no entities, and so nothing that expands or is fetched.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise WindError("The .gwc file declares a document type; a wind atlas needs none.")
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff").strip())  # noqa: S314  see above
    except (ElementTree.ParseError, ValueError) as wrong:
        raise WindError(f"The .gwc file is not XML: {wrong}.") from wrong
    climate = next(root.iter("RveaGeneralisedMeanWindClimate"), None)
    roses = [] if climate is None else list(climate.iter("WindAtlasWeibullWindRose"))
    if climate is None or not roses:
        raise WindError("The .gwc file has no RveaGeneralisedMeanWindClimate with wind roses.")
    found: dict[tuple[float, float], list[list[float]]] = {}
    for rose in roses:
        roughness = _number(rose, "RoughnessLength", "ReferenceRoughnessLength")
        height = _number(rose, "ReferenceHeight")
        rows = sorted(
            [
                _number(wind, "CentreAngleDegrees"),
                _number(wind, "SectorFrequency"),
                _number(wind, "WeibullA"),
                _number(wind, "WeibullK"),
            ]
            for wind in rose.iter("WeibullWind")
        )
        if (roughness, height) in found:
            raise WindError(
                f"The .gwc file has two roses of roughness {roughness:g} m, height {height:g} m."
            )
        found[roughness, height] = rows
    roughnesses, heights = (sorted(set(one)) for one in zip(*found, strict=True))
    sectors = len(next(iter(found.values())))
    _require_counts(len(roughnesses), len(heights), sectors)
    if len(found) != len(roughnesses) * len(heights) or {len(r) for r in found.values()} != {
        sectors
    }:
        raise WindError("The .gwc file lacks a rose of some roughness and height, or a sector.")
    table = np.array([[found[z0, height] for height in heights] for z0 in roughnesses])
    centres = np.linspace(0.0, 360.0, sectors, endpoint=False)
    if np.abs(table[..., 0] - centres).max() > _CENTRE_TOLERANCE_DEGREES:
        raise WindError("The .gwc file's sectors must be equally wide, the first one on north.")
    site = next(root.iter("RveaAnemometerSiteDetails"), None)
    place = next((one for one in root.iter() if one.get("LatitudeDegrees") is not None), None)
    return _checked(
        WindAtlas(
            description=(climate if site is None else site).get("Description", ""),
            place=None
            if place is None
            else (_number(place, "LongitudeDegrees"), _number(place, "LatitudeDegrees")),
            roughness_m=np.array(roughnesses),
            height_m=np.array(heights),
            frequency=table[..., 1],
            a_m_per_s=table[..., 2],
            k=table[..., 3],
        )
    )


def _number(element: ElementTree.Element, *names: str) -> float:
    given = next((element.get(name) for name in names if element.get(name) is not None), None)
    try:
        return float(given or "")
    except ValueError as wrong:
        raise WindError(f"The .gwc file's {element.tag} has no number {names[0]}.") from wrong


def _place_in(description: str) -> tuple[float, float] | None:
    """Longitude and latitude: in this order they stand in the files of the Global Wind Atlas."""
    found = _PLACE.search(description)
    if found is None:
        return None
    try:
        longitude, latitude, *_ = (float(word) for word in found[1].split(","))
    except ValueError as wrong:
        raise WindError("The wind atlas file's coordinates are no numbers.") from wrong
    return longitude, latitude


def _require_counts(roughnesses: int, heights: int, sectors: int) -> None:
    if not (
        1 <= roughnesses <= _MAX_COUNT
        and len(("below", "above")) <= heights <= _MAX_COUNT
        and _MIN_SECTORS <= sectors <= _MAX_SECTORS
    ):
        raise WindError(
            f"The wind atlas file has {roughnesses} roughness lengths, {heights} heights and "
            f"{sectors} sectors; 1 to {_MAX_COUNT}, 2 to {_MAX_COUNT} and {_MIN_SECTORS} to "
            f"{_MAX_SECTORS} are taken."
        )


def _checked(atlas: WindAtlas) -> WindAtlas:
    """Return an atlas whose frequencies are shares.

    Raises:
        WindError: A value is out of range.
    """
    for name, values, most in (
        ("roughness lengths", atlas.roughness_m, _MAX_ROUGHNESS_M),
        ("heights", atlas.height_m, _MAX_HEIGHT_M),
    ):
        rising = all(low < high for low, high in pairwise(values.tolist()))
        if not (np.isfinite(values).all() and rising and values[0] >= 0.0 and values[-1] <= most):
            raise WindError(f"The wind atlas file's {name} must rise, from 0 to {most:g} m.")
    if atlas.height_m[0] <= 0.0:
        raise WindError("The wind atlas file has a height of 0 m.")
    scale, shape = atlas.a_m_per_s, atlas.k
    if not (np.isfinite(scale).all() and (scale > 0.0).all() and np.isfinite(shape).all()):
        raise WindError("The wind atlas file has an A that is no speed, or a k that is no number.")
    if atlas.place is not None:
        require_within("The wind atlas file's longitude", atlas.place[0], -180.0, 180.0, "degrees")
        require_within("The wind atlas file's latitude", atlas.place[1], -90.0, 90.0, "degrees")
    shares = np.array([[as_shares(one) for one in heights] for heights in atlas.frequency])
    label = re.sub(r"<[^>]*>[^<]*</[^>]*>", "", atlas.description).strip()[:_MAX_DESCRIPTION]
    return replace(atlas, frequency=shares, description=label)
