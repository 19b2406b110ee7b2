"""A synthesized app's dashboards on one source of data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.assembly import Assembly, Dashboard
from devtools.dashboard.document import Json, TimeRange, document
from devtools.dashboard.labels import without_common_prefix
from devtools.dashboard.sources import Source


def _variables(
    shown: Dashboard, family: Sequence[Dashboard], href: Callable[[str], str]
) -> list[Json]:
    """For each variable its values, and where each leads while the others keep theirs."""
    return [
        {
            "name": name,
            "choices": [
                {"label": one.chosen[name], "name": one.name, "href": href(one.name)}
                | {"chosen": one is shown}
                for one in family
                if {**one.chosen, name: ""} == {**shown.chosen, name: ""}
            ],
        }
        for name in shown.chosen
    ]


class NoSuchDashboard(ValueError):
    """There is no dashboard of that name."""


@dataclass(frozen=True)
class Preview:
    """What a page, a picture or a server shows.

    Attributes:
        assembly: The dashboards and alarms.
        source: Where data come from.
        clock: Tells the time.
    """

    assembly: Assembly
    source: Source
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def names(self) -> list[str]:
        """The dashboards' names, as in the templates."""
        return [dashboard.name for dashboard in self.assembly.dashboards]

    @property
    def alarms(self) -> Mapping[str, AnyAlarm]:
        """The alarms by name."""
        return self.assembly.alarms

    def document(
        self,
        name: str,
        *,
        time_range: TimeRange | None = None,
        href: Callable[[str], str] = lambda name: f"?dashboard={name}",
    ) -> Json:
        """Fill a dashboard.

        Args:
            name: Which one; empty for the first.
            time_range: None for the dashboard's own.
            href: Where the page finds another dashboard.

        Raises:
            NoSuchDashboard: There is none of that name, or none at all.
            SourceError: The source does not answer.
        """
        filled = document(
            self._find(name),
            source=self.source,
            alarms=self.alarms,
            now=self.clock(),
            time_range=time_range,
        )
        shown = self._find(name)
        families: dict[str, list[Dashboard]] = {}
        for one in self.assembly.dashboards:
            families.setdefault(one.family or one.name, []).append(one)
        titles = {
            full: short.replace("-", " ").capitalize()
            for full, short in without_common_prefix(list(families)).items()
        }
        family = shown.family or shown.name
        filled["title"] = " – ".join((titles[family], *shown.chosen.values()))  # noqa: RUF001  a dash
        filled["dashboards"] = [
            {"name": first.name, "title": titles[other], "href": href(first.name)}
            | {"current": other == family}
            for other, members in families.items()
            for first in [next((one for one in members if one.default), members[0])]
        ]
        filled["variables"] = _variables(shown, families[family], href)
        return filled

    def full_name(self, name: str) -> str:
        """A dashboard's name from itself, its family's, or its end, such as ``overview``.

        Raises:
            NoSuchDashboard: There is none.
        """
        return self._find(name).name

    def _find(self, name: str) -> Dashboard:
        exact = [one for one in self.assembly.dashboards if one.name == name]
        named = exact or [
            one
            for one in self.assembly.dashboards
            for full in (one.name, one.family)
            if name in ("", full) or full.endswith(f"-{name}")
        ]
        if named:
            return next((one for one in named if one.default), named[0])
        known = ", ".join(self.names) or "there are none"
        raise NoSuchDashboard(f"There is no dashboard {name!r}; known: {known}.")
