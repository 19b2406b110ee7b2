"""The shipped dashboards can be read, placed and filled as they are, in every environment."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from devtools.cloudwatch.series import Series
from devtools.dashboard.assembly import read_assembly
from devtools.dashboard.body import parse_body
from devtools.dashboard.insights import Table, run
from devtools.dashboard.layout import COLUMNS, Cell, lay_out
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import AlarmReport, SeriesQuery, SeriesResult
from tests.infra.assembly import Assembly


class Ones:
    """A source in which every metric there could be is 1, and no log has an event."""

    label = "ones"

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        return {one: SeriesResult(Series(one.grid, (1.0,) * len(one.grid))) for one in wanted}

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        assert groups
        return run(query, ())

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        return [AlarmReport(name, "OK") for name in names]


@pytest.fixture(params=["dev", "prod", "with_runtimes"])
def preview(request: pytest.FixtureRequest) -> Preview:
    assembly: Assembly = request.getfixturevalue(request.param)
    read = read_assembly(assembly.folder, account="123456789012", region="eu-central-1")
    return Preview(read, Ones(), lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))


def test_every_widget_is_evaluated(preview: Preview) -> None:
    assert preview.names
    for name in preview.names:
        for widget in preview.document(name)["widgets"]:
            nothing_logged = widget.get("message") == "No log event matches in this range"
            assert widget["state"] == "data" or nothing_logged, (name, widget)


def test_every_widget_stays_where_its_body_puts_it(preview: Preview) -> None:
    for dashboard in preview.assembly.dashboards:
        places = [widget.place for widget in parse_body(dashboard.body).widgets]
        asked = [Cell(p.x or 0, p.y or 0, min(p.width, COLUMNS), p.height) for p in places]
        assert lay_out(places) == asked, dashboard.name


def test_every_alarm_a_widget_names_is_in_the_templates(preview: Preview) -> None:
    for name in preview.names:
        for widget in preview.document(name)["widgets"]:
            for alarm in widget.get("alarms", ()):
                assert alarm["name"] in preview.alarms, (name, widget["title"])
