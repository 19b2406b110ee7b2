"""The public services that the tools ask: one client of each per process."""

import os
from functools import cache
from typing import TYPE_CHECKING

from siting.geodata.sources import DataSourceEnvironment

if TYPE_CHECKING:
    from siting.geodata.overpass import OverpassClient
    from siting.geodata.reanalysis import PowerClient


@cache
def overpass() -> "OverpassClient":
    """The process's client: its connections and cache are everybody's, see ``AnswerCache``."""
    from siting.geodata.overpass import OverpassClient  # noqa: PLC0415

    return OverpassClient.at(DataSourceEnvironment.from_variables(os.environ).overpass_url)


@cache
def power() -> "PowerClient":
    """As ``overpass``, for wind."""
    from siting.geodata.reanalysis import PowerClient  # noqa: PLC0415

    return PowerClient.at(DataSourceEnvironment.from_variables(os.environ).wind_data_url)
