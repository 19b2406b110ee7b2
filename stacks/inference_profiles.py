"""The cross-region inference profiles that AWS has, read from ``data/inference_profiles.yaml``."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from stacks.settings.unique_keys import load_yaml
from tradewind.contracts.validation import Frozen

TABLE_FILE: Final = Path(__file__).resolve().parent / "data" / "inference_profiles.yaml"
#: The geography of profiles whose calls may land in any commercial region.
GLOBAL: Final = "global"


class Route(Frozen):
    """Where calls of some profiles go.

    Attributes:
        between: Called from, and landing in, any of these.
        joins: Called from besides; such a call may stay where it is, too.
        from_: The destinations of single source regions.
        anywhere: Called from these; a call stays or lands in any commercial region.
    """

    between: Sequence[str] = ()
    joins: Sequence[str] = ()
    from_: Mapping[str, Sequence[str]] = {}
    anywhere: Sequence[str] = ()

    def destinations(self) -> dict[str, tuple[str, ...]]:
        """The regions that calls may land in, by source region, in a stable order."""
        return {
            **{source: tuple(sorted(self.between)) for source in self.between},
            **{source: tuple(sorted({*self.between, source})) for source in self.joins},
            **{source: tuple(sorted(landing)) for source, landing in self.from_.items()},
            **{source: (source,) for source in self.anywhere},
        }


class ProfileTable(Frozen):
    """The file.

    Attributes:
        as_of: The day that its main source is of.
        sources: Pages of AWS's documentation.
        routes: By name.
        profiles: The route of each profile.
        profiles_alone: Models that no commercial region takes by their own id.
        retired: Models that answer no more, and since when.
        seen: What an account answered: profile, source region, destinations.
    """

    as_of: dt.date
    sources: list[str]
    routes: dict[str, Route]
    profiles: dict[str, str]
    profiles_alone: list[str]
    retired: dict[str, dt.date]
    seen: dict[str, dict[str, list[str]]]

    def destinations(self, profile_id: str) -> dict[str, tuple[str, ...]]:
        """The regions that a profile's calls may land in, by source region; none of no profile."""
        route = self.profiles.get(profile_id)
        known = {} if route is None else self.routes[route].destinations()
        seen = self.seen.get(profile_id, {})
        return {**known, **{source: tuple(sorted(landing)) for source, landing in seen.items()}}

    def ids(self) -> tuple[str, ...]:
        """Every profile that is known."""
        return tuple(dict.fromkeys([*self.profiles, *self.seen]))

    def geographies(self) -> tuple[str, ...]:
        """What profiles' ids begin with."""
        return tuple(dict.fromkeys(one.partition(".")[0] for one in self.ids()))

    def geographies_of(self, model_id: str) -> tuple[str, ...]:
        """Those of one model's profiles."""
        return tuple(
            geography for geography in self.geographies() if f"{geography}.{model_id}" in self.ids()
        )

    def vendors(self) -> frozenset[str]:
        """Whose models have profiles, as ids name them."""
        return frozenset(one.split(".")[1] for one in self.ids())


def read_table(text: str) -> ProfileTable:
    """Read the file's text.

    Raises:
        pydantic.ValidationError: It is not as it must be.
        yaml.YAMLError: The same.
    """
    content = load_yaml(text)
    routes: Mapping[str, Mapping[str, object]] = content["routes"]
    # ``from`` is a word of Python.
    renamed = {
        name: {"from_" if key == "from" else key: value for key, value in route.items()}
        for name, route in routes.items()
    }
    return TypeAdapter(ProfileTable).validate_python({**content, "routes": renamed})


@cache
def profile_table() -> ProfileTable:
    """The table that is part of this app."""
    return read_table(TABLE_FILE.read_text(encoding="utf-8"))
