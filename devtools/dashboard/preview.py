"""A synthesized app's dashboards on one source of data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.assembly import Assembly, Dashboard
from devtools.dashboard.document import Json, TimeRange, document
from devtools.dashboard.labels import without_common_prefix
from devtools.dashboard.sources import Source


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
        titles = {
            full: short.replace("-", " ").capitalize()
            for full, short in without_common_prefix(self.names).items()
        }
        filled["title"] = titles[filled["name"]]
        filled["dashboards"] = [
            {"name": other, "title": titles[other], "href": href(other)} for other in self.names
        ]
        return filled

    def full_name(self, name: str) -> str:
        """A dashboard's name from itself, or from its end, such as ``overview``.

        Raises:
            NoSuchDashboard: There is none.
        """
        return self._find(name).name

    def _find(self, name: str) -> Dashboard:
        for dashboard in self.assembly.dashboards:
            if name in ("", dashboard.name) or dashboard.name.endswith(f"-{name}"):
                return dashboard
        known = ", ".join(self.names) or "there are none"
        raise NoSuchDashboard(f"There is no dashboard {name!r}; known: {known}.")
