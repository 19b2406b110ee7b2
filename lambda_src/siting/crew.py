"""The agents of the siting crew, by the names under which they leave artifacts for each other."""

from typing import Final

TERRAIN: Final = "terrain"
LAYOUT: Final = "layout"
SIMULATION: Final = "simulation"
REPORT: Final = "report"
