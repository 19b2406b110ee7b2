"""A mast's time series as CSV: what of it is wind, how much of the year it covers, and what not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from siting.wind.brought.table import Table, read_table
from siting.wind.errors import WindError
from siting.wind.rose import MIN_HOURS_TO_FIT, fit_weibull, sector_of, weibull_with_mean
from siting.wind.turbines import FloatArray
from siting.wind.wake.states import WeibullSectors

_TIME: Final = "time"
_SPEED: Final = "speed_m_per_s"
_DIRECTION: Final = "direction_degrees"
#: The columns of a series, and how their headers may be spelled.
COLUMNS: Final = {
    _TIME: ("time", "timestamp", "date_time", "datetime", "time_utc"),
    _SPEED: ("speed_m_s", "wind_speed_m_s"),
    _DIRECTION: ("direction_degrees", "wind_direction_degrees"),
}
#: What loggers write where they have nothing.
_NOTHING: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "nodata"})
_SENTINELS: Final = frozenset({99.0, 99.9, 99.99, 999.0, 999.9, 999.99, 9999.0, 9999.9, 99999.0})
#: Faster than any mean of ten minutes that a mast has stood.
_MAX_SPEED_M_PER_S: Final = 75.0
_MIN_STEP_S: Final = 60.0
_MAX_STEP_S: Final = 3 * 3600.0
#: Of the steps, so many may be no multiple of the usual one.
_MAX_ODD_SHARE: Final = 0.01
_SHORTEST_HOURS: Final = 720.0
_YEAR_HOURS: Final = 8760.0
_WHOLE: Final = 0.9
_MONTHS: Final = 12
_LEAST_RECORDS: Final = 3


@dataclass(frozen=True, slots=True)
class MastSeries:
    """Records of a mast, none of them missing.

    Attributes:
        year: Of each record.
        month: 1 to 12.
        speed_m_per_s: Its mean speed.
        direction_degrees: Where the wind comes from, 0 up to 360.
        first: The first record, as it is written.
        last: The last one.
        step_minutes: How far apart records are.
        hours: How many hours they cover together.
        missing_hours: How many hours from first to last they do not cover.
        gaps: In how many gaps these are.
        longest_gap_hours: The longest of them.
        without_values: Records that came without a speed or a direction, or with a sentinel.
        repeated: Records that came more than once, all alike.
        ignored: Columns that were not used.
    """

    year: FloatArray
    month: FloatArray
    speed_m_per_s: FloatArray
    direction_degrees: FloatArray
    first: str
    last: str
    step_minutes: float
    hours: float
    missing_hours: float
    gaps: int
    longest_gap_hours: float
    without_values: int
    repeated: int
    ignored: tuple[str, ...]

    def describe(self) -> str:
        """Say what they cover, in a sentence."""
        covered = 100.0 * self.hours / (self.hours + self.missing_hours)
        return (
            f"{len(self.year):,} records of {self.step_minutes:g} minutes from {self.first} to "
            f"{self.last}: {self.hours:,.0f} hours, {covered:.1f} % of that time. "
            f"{self.missing_hours:,.0f} hours are missing, in {self.gaps:,} gaps, the longest of "
            f"{self.longest_gap_hours:,.0f} hours. {self.without_values:,} records had no usable "
            f"value and {self.repeated:,} came twice; they do not count."
        )

    def shortcomings(self) -> list[str]:
        """What a reader of any figure has to know of them."""
        said = []
        if self.hours < _WHOLE * _YEAR_HOURS:
            said.append(
                f"The wind is that of {self.hours:,.0f} hours of a mast, less than a year: seasons "
                "are missing from it or count too little."
            )
        absent = [month for month in range(1, _MONTHS + 1) if not (self.month == month).any()]
        if absent:
            said.append(
                "The mast's series has no record from the calendar months "
                f"{', '.join(map(str, absent))}."
            )
        return said

    def monthly_mean_m_per_s(self) -> list[float | None]:
        """Mean speed from January on; None without records."""
        months = (self.speed_m_per_s[self.month == month] for month in range(1, _MONTHS + 1))
        return [float(one.mean()) if one.size else None for one in months]

    def yearly_mean_m_per_s(self) -> dict[int, float]:
        """Mean speed of each calendar year that is nearly whole."""
        whole = _WHOLE * _YEAR_HOURS * 60.0 / self.step_minutes
        years = {int(one): self.speed_m_per_s[self.year == one] for one in np.unique(self.year)}
        return {year: float(one.mean()) for year, one in years.items() if one.size >= whole}

    def sectors(self, count: int, height_m: float, shear_exponent: float) -> WeibullSectors:
        """Return the wind by sectors at the height of the mast.

        A sector with few hours takes the shape of all directions together.

        Args:
            count: How many sectors.
            height_m: Of the mast's speeds, over ground.
            shear_exponent: By which they are taken to other heights.
        """
        everywhere = fit_weibull(self.speed_m_per_s)
        least = MIN_HOURS_TO_FIT * 60.0 / self.step_minutes
        within = sector_of(self.direction_degrees, count)
        found = []
        for number in range(count):
            speed = self.speed_m_per_s[within == number]
            mean = float(speed.mean()) if speed.size else 0.0
            if mean == 0.0:
                found.append(everywhere)
            elif speed.size < least:
                found.append(weibull_with_mean(mean, everywhere.k))
            else:
                found.append(fit_weibull(speed))
        return WeibullSectors(
            frequency=np.bincount(within.astype(np.int64), minlength=count) / len(within),
            a_m_per_s=np.array([one.a_m_per_s for one in found]),
            k=np.array([one.k for one in found]),
            height_m=height_m,
            shear_exponent=np.full(count, shear_exponent),
        )


def read_mast(text: object) -> MastSeries:
    """Read a mast's series: a row per record with its time, mean speed and direction.

    Times are ISO 8601, all with an offset from UTC or all without one. Records without values, or
    with what loggers write for none, count as missing.

    Raises:
        WindError: It is no such series, or too short to say anything.
    """
    table = read_table(text, COLUMNS)
    times = _times(table)
    speed, direction = _column(table, _SPEED), _column(table, _DIRECTION)
    order = np.argsort(times, kind="stable")
    times, speed, direction = times[order], speed[order], direction[order]
    lines = np.array(table.lines)[order]
    kept = _once(times, speed, direction, lines)
    repeated = int((~kept).sum())
    times, speed, direction = times[kept], speed[kept], direction[kept]
    step_s = _step_s(times)
    usable = np.isfinite(speed) & np.isfinite(direction)
    without = int((~usable).sum())
    if not usable.any():
        raise WindError("No record of the series has a speed and a direction.")
    first, last = (_written(float(times[at])) for at in (0, -1))
    span_hours = (float(times[-1] - times[0]) + step_s) / 3600.0
    ends = np.concatenate(([times[0] - step_s], times[usable], [times[-1] + step_s]))
    times, speed, direction = times[usable], speed[usable], direction[usable]
    hours = len(times) * step_s / 3600.0
    if hours < _SHORTEST_HOURS:
        raise WindError(
            f"The series has {hours:.0f} hours of wind; fewer than {_SHORTEST_HOURS:g} say "
            "nothing of a year. Bring a longer one, a whole year at least."
        )
    between = np.diff(ends) / step_s
    gaps_hours = (between[between > 1.5] - 1.0) * step_s / 3600.0  # noqa: PLR2004  not the next
    stamps = [datetime.fromtimestamp(one, UTC) for one in times.tolist()]
    return MastSeries(
        year=np.array([one.year for one in stamps], dtype=np.float64),
        month=np.array([one.month for one in stamps], dtype=np.float64),
        speed_m_per_s=speed,
        direction_degrees=direction % 360.0,
        first=first,
        last=last,
        step_minutes=step_s / 60.0,
        hours=hours,
        missing_hours=max(0.0, span_hours - hours),
        gaps=len(gaps_hours),
        longest_gap_hours=float(gaps_hours.max(initial=0.0)),
        without_values=without,
        repeated=repeated,
        ignored=table.ignored,
    )


def _times(table: Table) -> FloatArray:
    """Seconds of each record; of local times as if they were UTC's."""
    seconds, zoned = [], set()
    for row, cell in enumerate(table.columns[_TIME]):
        try:
            stamp = datetime.fromisoformat(cell)
        except ValueError as wrong:
            raise WindError(
                f"Line {table.lines[row]}: time is {cell[:40]!r}; give ISO 8601, such as "
                "2024-05-31T13:50."
            ) from wrong
        zoned.add(stamp.tzinfo is not None)
        try:
            in_utc = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
            seconds.append(in_utc.timestamp())
        except (OverflowError, ValueError) as wrong:
            raise WindError(f"Line {table.lines[row]}: time is out of range.") from wrong
    if len(zoned) > 1:
        raise WindError("Some times have an offset from UTC and some have none; write all alike.")
    return np.array(seconds, dtype=np.float64)


def _column(table: Table, name: str) -> FloatArray:
    """A column's measurements, NaN where there are none.

    Raises:
        WindError: A value is neither a measurement nor what loggers write for none.
    """
    most = _MAX_SPEED_M_PER_S if name == _SPEED else 360.0
    values = np.full(len(table.lines), np.nan)
    for row, cell in enumerate(table.columns[name]):
        if cell.lower() in _NOTHING:
            continue
        value = table.number(name, row)
        if 0.0 <= value <= most:
            values[row] = value
        elif abs(value) not in _SENTINELS:
            raise WindError(
                f"Line {table.lines[row]}: {name} is {value:g}; a mean of a mast lies within 0 to "
                f"{most:g}. If it stands for a missing value, leave the cell empty."
            )
    return values


def _once(
    times: FloatArray, speed: FloatArray, direction: FloatArray, lines: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say which records to keep of those that come more than once.

    Raises:
        WindError: Two of one time differ.
    """
    again = np.concatenate(([False], np.diff(times) == 0.0))
    for values in (speed, direction):
        both_nothing = np.isnan(values[1:]) & np.isnan(values[:-1])
        same = np.concatenate(([True], (values[1:] == values[:-1]) | both_nothing))
        differs = again & ~same
        if differs.any():
            at = int(differs.argmax())
            raise WindError(
                f"Lines {lines[at - 1]} and {lines[at]} are of one time and differ. If the times "
                "are local ones, an hour comes twice in autumn: write them in UTC."
            )
    return ~again


def _step_s(times: FloatArray) -> float:
    """Return how far apart records are.

    Raises:
        WindError: There are too few, or they are too far apart, or their distance changes.
    """
    if len(times) < _LEAST_RECORDS:
        raise WindError(f"The series has {len(times)} records.")
    steps = np.diff(times)
    step = float(np.median(steps))
    if not _MIN_STEP_S <= step <= _MAX_STEP_S:
        raise WindError(
            f"The records are {step / 60.0:g} minutes apart; give {_MIN_STEP_S / 60.0:g} to "
            f"{_MAX_STEP_S / 60.0:g}. Average shorter ones."
        )
    odd = np.abs(steps / step - np.round(steps / step)) > 0.01  # noqa: PLR2004  a clock's own drift
    if odd.mean() > _MAX_ODD_SHARE:
        raise WindError(
            f"{100.0 * odd.mean():.0f} % of the records are not a multiple of {step / 60.0:g} "
            "minutes apart: each would count for another time. Average all to one step."
        )
    return step


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
