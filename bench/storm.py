"""Requests for each that is admitted, when 100 callers meet a quota of 5 a second.

In virtual time, with the retry layer that is deployed: each caller is a function of its own, and
knows nothing of the others. The second row is the same with the pauses of other failures, which a
throttled call had, too, before it had its own.
"""

import statistics
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.storms import Storm, storm
from tradewind.contracts.errors import ModelError, ModelThrottled, ModelUnavailable
from tradewind.telemetry.logger import get_logger

CALLERS: Final = 100
PER_S: Final = 5.0
RUNS: Final = 50


def main() -> None:
    """Print the storm."""
    get_logger().setLevel("ERROR")  # a line for each repeat would be thousands
    least = 1 + (CALLERS - PER_S) / CALLERS
    table = Table(
        title=f"{CALLERS} callers at once, {PER_S:g} admitted a second; means of {RUNS} storms, "
        f"the least is {least:.2f}",
        title_justify="left",
    )
    for column in ("pauses", "requests per admitted one", "answered", "given up", "drained after"):
        table.add_column(column, justify="left" if column == "pauses" else "right")
    rows: tuple[tuple[str, type[ModelError]], ...] = (
        ("of a throttled call", ModelThrottled),
        ("of other failures", ModelUnavailable),
    )
    for name, refusal in rows:
        storms = [storm(refusal, callers=CALLERS, per_s=PER_S) for _ in range(RUNS)]
        table.add_row(name, *_means(storms))
    Console().print(table)


def _means(storms: list[Storm]) -> list[str]:
    return [
        f"{statistics.fmean(one.amplification for one in storms):.2f}",
        f"{statistics.fmean(one.admitted for one in storms):.1f}",
        f"{statistics.fmean(one.given_up for one in storms):.1f}",
        f"{statistics.fmean(one.drained_s for one in storms):.0f} s",
    ]


if __name__ == "__main__":
    main()
