"""All landscapes there are."""

from collections.abc import Callable, Mapping
from typing import Final

from siting.tests.landscapes.coast import coast
from siting.tests.landscapes.hills import hills
from siting.tests.landscapes.landscape import Landscape
from siting.tests.landscapes.plain import plain
from siting.tests.landscapes.villages import villages
from siting.tests.landscapes.zone_edge import zone_edge

LANDSCAPES: Final[Mapping[str, Callable[[], Landscape]]] = {
    draw.__name__: draw for draw in (coast, hills, villages, plain, zone_edge)
}
