"""A dashboard and its data become what the page draws: every number, state and message."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.series import Series
from devtools.dashboard.assembly import Assembly, Dashboard, read_assembly
from devtools.dashboard.document import TimeRange
from devtools.dashboard.insights import Table, run
from devtools.dashboard.preview import NoSuchDashboard, Preview
from devtools.dashboard.sources import AlarmReport, SeriesQuery, SeriesResult
from tests.dashboard_app import (
    ACCOUNT,
    EVIL_LABEL,
    NOW,
    REGION,
    chart,
    metric,
    sample_preview,
    widget,
    write_app,
)

END = NOW.timestamp()


class Counting:
    """A source whose n-th period holds n, or what a test says."""

    label = "numbers"

    def __init__(self, table: Table | None = None, missing: Sequence[str] = ()) -> None:
        self.table = table
        self.missing = missing
        self.asked: list[SeriesQuery] = []

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        self.asked += wanted
        return {
            one: SeriesResult(
                Series(
                    one.grid,
                    tuple(
                        None if one.metric.name in self.missing else float(index)
                        for index in range(len(one.grid))
                    ),
                ),
                "Milliseconds" if one.metric.name == "Latency" else "Count",
            )
            for one in wanted
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        assert self.table is not None
        return self.table

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        return [AlarmReport(name, "OK") for name in names]


class Evaluating(Counting):
    """A source whose logs are empty."""

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        return run(query, ())


def fill(one: dict[str, Any], source: Counting | None = None, span: int = 3600) -> Any:
    body = {"widgets": [one]}
    preview = Preview(Assembly((Dashboard("d", body),)), source or Counting(), lambda: NOW)
    document = preview.document("d", time_range=TimeRange(END - span, END))
    json.dumps(document, allow_nan=False)
    (filled,) = document["widgets"]
    return filled


def test_every_widget_of_the_sample_is_filled_and_every_strange_one_says_why(
    tmp_path: Path,
) -> None:
    preview = sample_preview(tmp_path)
    states = {
        name: [(w["title"], w["state"]) for w in preview.document(name)["widgets"]]
        for name in preview.names
    }
    assert {state for _, state in states["shop-test-overview"]} == {"data"}
    assert states["shop-test-strange"] == [
        ("", "data"),
        (EVIL_LABEL, "data"),
        ("Never published", "empty"),
        ("Not metric math", "error"),
        ("Not a statistic", "error"),
        ("An explorer", "unevaluated"),
        ("Not a query", "unevaluated"),
        ("Overlaps nothing", "data"),
        ("Over the edge", "data"),
        ("Not a colour", "error"),
    ]


@pytest.mark.parametrize(
    ("own", "first_h", "last_h"),
    [
        ({}, -1, 0),
        ({"start": "-P1D"}, -24, 0),
        ({"start": "2026-11-19T12:00:00Z"}, -24, 0),
        ({"start": "2026-11-20T09:00:00", "end": "2026-11-20T10:00:00Z"}, -3, -2),
    ],
)
def test_a_widget_with_a_range_of_its_own_shows_it(
    own: dict[str, str], first_h: int, last_h: int
) -> None:
    filled = fill(chart(0, 0, 6, "Sold", metric("Requests"), **own))
    first, last = ((END + hours * 3600) * 1000 for hours in (first_h, last_h))
    assert filled["range"] == {"start": first, "end": last}
    [series] = filled["series"]
    assert (series["points"][0][0], series["points"][-1][0]) == (first, last - 300_000)


def test_metric_math_is_evaluated_over_rows_that_are_not_drawn() -> None:
    filled = fill(
        chart(
            0,
            0,
            6,
            "Share",
            metric("Cold", id="cold", visible=False),
            metric("Requests", id="all", visible=False),
            [{"expression": "200 * cold / all", "label": "share", "id": "share"}],
            [{"expression": "share / 2", "label": "half", "yAxis": "right"}],
        )
    )
    share, half = filled["series"]
    # The first period divides by zero, which drops the point.
    assert [value for _, value in share["points"]] == [200.0] * 11
    assert [value for _, value in half["points"]] == [100.0] * 11
    assert half["axis"] == "right"


def test_an_expression_of_another_period_reads_its_metrics_in_that_period() -> None:
    source = Counting()
    filled = fill(
        chart(
            0,
            0,
            6,
            "",
            metric("Requests", id="m", period=60),
            [{"expression": "m + 1", "period": 900}],
        ),
        source,
    )
    minutes, quarters = filled["series"]
    assert (len(minutes["points"]), len(quarters["points"])) == (60, 4)
    assert {wanted.grid.period for wanted in source.asked} == {60, 900}


def test_the_unit_stays_where_numbers_are_only_added_or_picked() -> None:
    filled = fill(
        chart(
            0,
            0,
            6,
            "",
            metric("Latency", id="m"),
            [{"expression": "FILL(m, 0)"}],
            [{"expression": "m / 1000"}],
        )
    )
    assert [s["unit"] for s in filled["series"]] == ["Milliseconds", "Milliseconds", ""]


def test_a_number_of_samples_is_in_no_unit_of_theirs() -> None:
    filled = fill(chart(0, 0, 6, "", metric("Latency", stat="SampleCount")))
    assert [s["unit"] for s in filled["series"]] == [""]


def test_one_number_for_the_whole_range() -> None:
    source = Counting()
    fill(chart(0, 0, 6, "", metric("Requests"), setPeriodToTimeRange=True), source, span=5400)
    (wanted,) = source.asked
    assert (wanted.grid.period, len(wanted.grid)) == (5400, 1)


def test_one_number_counts_the_last_second_of_its_range_too() -> None:
    source = Counting()
    preview = Preview(
        Assembly(
            (
                Dashboard(
                    "d",
                    {
                        "widgets": [
                            chart(0, 0, 6, "", metric("Requests"), setPeriodToTimeRange=True)
                        ]
                    },
                ),
            )
        ),
        source,
        lambda: NOW,
    )
    preview.document("d", time_range=TimeRange(END - 900 + 0.4, END + 0.4))
    (wanted,) = source.asked
    assert wanted.grid.start <= int(END) < wanted.grid.end
    assert (wanted.grid.period, len(wanted.grid)) == (900, 1)


def test_periods_grow_with_the_range() -> None:
    source = Counting()
    fill(chart(0, 0, 6, "", metric("Requests", period=60)), source, span=30 * 86_400)
    (wanted,) = source.asked
    assert wanted.grid.period % 60 == 0
    assert 500 < len(wanted.grid) <= 1001


def test_a_period_that_began_before_the_range_is_shown_if_it_is_alone() -> None:
    """An hour's value at 12:00 is for 12:00 on; at 11:00 it began before a range of 50 minutes."""
    filled = fill(chart(0, 0, 6, "", metric("Requests", period=3600)), span=3000)
    assert filled["series"][0]["points"] == [[(END - 3000) * 1000, 0.0]]
    filled = fill(chart(0, 0, 6, "", metric("Requests", period=3600)), span=5400)
    assert [at for at, _ in filled["series"][0]["points"]] == [(END - 3600) * 1000]


def test_thresholds_and_deployments_are_passed_on_unless_hidden() -> None:
    filled = fill(
        chart(
            0,
            0,
            6,
            "",
            metric("Requests"),
            annotations={
                "horizontal": [
                    {"value": 5, "label": "limit", "fill": "above"},
                    {"value": 6, "visible": False},
                ],
                "vertical": [{"value": "2026-11-20T11:30:00Z", "label": "deployed"}],
            },
        )
    )
    (line,) = filled["lines"]
    assert (line["value"], line["label"], line["fill"]) == (5, "limit", "above")
    (mark,) = filled["marks"]
    assert mark["at"] == (END - 1800) * 1000


def test_an_alarms_widget_draws_its_metric_threshold_and_state(tmp_path: Path) -> None:
    widgets = sample_preview(tmp_path).document("shop-test-overview")["widgets"]
    (filled,) = [w for w in widgets if w["title"] == "The alarm on errors"]
    assert max(value for _, value in filled["series"][0]["points"]) == 2
    assert [line["label"] for line in filled["lines"]] == ["alarm above 0 (1 of 3)"]
    assert [(a["name"], a["state"]) for a in filled["alarms"]] == [("shop-cart-errors", "OK")]


@pytest.mark.parametrize(
    ("comparison", "says", "fill"),
    [
        ("GreaterThanThreshold", "alarm above 0 (1 of 3)", "above"),
        ("GreaterThanOrEqualToThreshold", "alarm at least 0 (1 of 3)", "above"),
        ("LessThanThreshold", "alarm below 0 (1 of 3)", "below"),
        ("LessThanOrEqualToThreshold", "alarm at most 0 (1 of 3)", "below"),
    ],
)
def test_an_alarms_threshold_says_whether_it_is_in_alarm_itself(
    tmp_path: Path, comparison: str, says: str, fill: str
) -> None:
    write_app(tmp_path)
    file = tmp_path / "Shop.template.json"
    file.write_text(file.read_text().replace('"GreaterThanThreshold"', f'"{comparison}"'))
    assembly = read_assembly(tmp_path, account=ACCOUNT, region=REGION)
    document = Preview(assembly, Evaluating(), lambda: NOW).document("shop-test-overview")
    [filled] = [w for w in document["widgets"] if w["title"] == "The alarm on errors"]
    assert [(line["label"], line["fill"]) for line in filled["lines"]] == [(says, fill)]


def test_a_widget_on_an_alarm_that_is_not_there_is_an_error() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:1:alarm:gone"
    filled = fill(widget(0, 0, 6, 6, "metric", title="", annotations={"alarms": [arn]}))
    assert filled["state"] == "error"
    assert "gone" in filled["message"]


def test_a_row_that_is_not_drawn_must_be_possible_all_the_same() -> None:
    hidden = [{"expression": "1 +", "visible": False, "id": "e"}]
    assert fill(chart(0, 0, 6, "", metric("Requests"), hidden))["state"] == "error"


def test_a_table_of_metrics_has_the_chosen_columns() -> None:
    filled = fill(
        chart(
            0,
            0,
            6,
            "",
            metric("Latency", label="latency"),
            view="table",
            table={"summaryColumns": ["MAX", "AVG"]},
        )
    )
    assert filled["columns"] == ["", "Max", "Average"]
    assert [cell["value"] for cell in filled["rows"][0]] == ["latency", 11.0, 5.5]


def test_no_data_is_empty_and_zero_is_not() -> None:
    assert fill(chart(0, 0, 6, "", metric("Gone")), Counting(missing=["Gone"]))["state"] == "empty"
    assert fill(chart(0, 0, 6, "", metric("Requests")), span=300)["series"][0]["latest"] == 0.0


def log(view: str, query: str = "fields x", **properties: Any) -> dict[str, Any]:
    text = f"SOURCE 'g' | {query}"
    return widget(0, 0, 6, 6, "log", title="", view=view, query=text, **properties)


PER_BIN = "stats count(*) as n by bin(5m)"


def test_a_log_table_writes_times_as_times() -> None:
    table = Table(("@timestamp", "id", "ms"), ((END * 1000, "a", 3.0), (None, "b", None)))
    filled = fill(log("table"), Counting(table))
    assert [[cell["value"] for cell in row] for row in filled["rows"]] == [
        ["2026-11-20 12:00:00.000", "a", 3.0],
        [None, "b", None],
    ]


def test_log_statistics_over_time_are_lines() -> None:
    rows = (((END - 300) * 1000, 2.0), ((END - 600) * 1000, 1.0))
    filled = fill(log("timeSeries", PER_BIN), Counting(Table(("bin(5m)", "n"), rows, 1)))
    (line,) = filled["series"]
    assert line["points"] == [[(END - 600) * 1000, 1.0], [(END - 300) * 1000, 2.0]]
    assert filled["period"] == 300


def test_log_bins_are_as_wide_as_the_query_says_however_far_apart_its_rows_are() -> None:
    rows = (((END - 36_000) * 1000, 1.0), ((END - 300) * 1000, 2.0))
    filled = fill(log("timeSeries", PER_BIN), Counting(Table(("bin(5m)", "n"), rows, 1)))
    assert filled["period"] == filled["series"][0]["period"] == 300


def test_log_statistics_by_group_are_bars() -> None:
    table = Table(("outcome", "n"), (("ok", 5.0), ("failed", 1.0)), 1)
    filled = fill(log("bar", "stats count(*) as n by outcome"), Counting(table))
    assert [(s["label"], s["latest"]) for s in filled["series"]] == [("ok", 5.0), ("failed", 1.0)]


def test_log_statistics_over_time_can_be_columns() -> None:
    rows = (((END - 300) * 1000, 2.0), ((END - 600) * 1000, 1.0))
    filled = fill(log("bar", PER_BIN), Counting(Table(("bin(5m)", "n"), rows, 1)))
    assert (filled["kind"], filled["bars"], filled["stacked"]) == ("timeSeries", True, True)
    assert len(filled["series"][0]["points"]) == 2


def test_several_log_statistics_are_a_line_each_whatever_the_bins_are_called() -> None:
    rows = (((END - 60) * 1000, 2.0, None), ((END - 120) * 1000, 1.0, 7.0))
    query = "stats count(*) as n, max(ms) as slowest by bin(1m) as minute"
    filled = fill(
        log("timeSeries", query, stacked=True), Counting(Table(("minute", "n", "slowest"), rows))
    )
    assert [(s["label"], len(s["points"])) for s in filled["series"]] == [("n", 2), ("slowest", 1)]
    assert (filled["period"], filled["stacked"], filled["bars"]) == (60, True, False)
    table = log_table(rows, query)
    assert table["rows"][0][0] == {"value": "2026-11-20 11:59:00.000"}


def log_table(rows: Any, query: str) -> Any:
    shape = run(query, ())
    return fill(log("table", query), Counting(replace(shape, rows=rows)))


def test_a_group_that_is_a_time_is_labelled_as_one() -> None:
    rows = (((END - 300) * 1000, "ok", 2.0),)
    query = "stats count(*) as n by bin(5m), outcome"
    filled = fill(log("pie", query), Counting(Table(("bin(5m)", "outcome", "n"), rows)))
    assert [one["label"] for one in filled["series"]] == ["2026-11-20 11:55:00.000 ok"]


def test_as_many_groups_are_drawn_as_cloudwatch_draws() -> None:
    rows = tuple((str(number), 1.0) for number in range(150))
    filled = fill(log("bar", "stats count(*) as n by id"), Counting(Table(("id", "n"), rows)))
    assert len(filled["series"]) == 100


@pytest.mark.parametrize(
    ("view", "query", "state", "words"),
    [
        ("timeSeries", "stats count(*) by outcome", "error", "by bin(...)"),
        ("timeSeries", "stats count(*) by bin(5m), outcome", "error", "by bin(...)"),
        ("bar", "fields outcome", "error", "needs stats"),
        ("table", "frobnicate outcome", "error", "There is no command 'frobnicate'"),
        ("bar", "stats stddev(ms) by outcome", "unevaluated", "stddev()"),
        ("table", "unmask @message", "unevaluated", "'unmask'"),
    ],
)
def test_what_no_chart_is_made_of_is_told(view: str, query: str, state: str, words: str) -> None:
    filled = fill(log(view, query), Evaluating())
    assert (filled["state"], words in filled["message"]) == (state, True), filled


def test_the_dashboards_own_range_is_used_unless_another_is_given(tmp_path: Path) -> None:
    preview = sample_preview(tmp_path)
    own = preview.document("shop-test-overview")["range"]
    assert own == {"start": (END - 10_800) * 1000, "end": END * 1000}
    back = TimeRange.back(timedelta(minutes=15), NOW)
    other = preview.document("shop-test-overview", time_range=back)["range"]
    assert other["start"] == (END - 900) * 1000


def test_a_body_that_is_none_fills_the_page_with_its_problem() -> None:
    preview = Preview(Assembly((Dashboard("d", None, "It is broken."),)), Counting(), lambda: NOW)
    (filled,) = preview.document("")["widgets"]
    assert (filled["state"], filled["message"]) == ("error", "It is broken.")


def test_dashboards_are_found_by_their_whole_name_or_its_end(tmp_path: Path) -> None:
    preview = sample_preview(tmp_path)
    assert preview.full_name("strange") == "shop-test-strange"
    assert preview.document("")["name"] == "shop-test-overview"
    titles = [d["title"] for d in preview.document("")["dashboards"]]
    assert titles == ["Overview", "Strange", "Agent"]
    with pytest.raises(NoSuchDashboard, match="shop-test-overview"):
        preview.document("range")
