"""Warm invocations of every deployed function beside those of handlers without this project.

All run under awslambdaric against a Runtime API of this machine, ours from extracted bundles;
Bedrock, the tables, the bucket and Lambda answer at once, over TLS on loopback, and count what
they are asked. They are invoked in turns: what else the machine does befalls all alike, and
differences are of the same round. What the model takes by its own account is taken off. Nothing
here ran on AWS.

Usage: python -m bench.warm [--invocations N] [--endurance N] [--json] [FUNCTION ...]
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.coldstart.ours import deployed
from bench.machine import describe
from bench.warm.measuring import Contestant, Endurance, Warm, p99, race
from bench.warm.rivals import EMPTY, PER_REQUEST, RECORDS, TAKES, rivals
from tradewind.contracts.names import API, MCP

_INVOCATIONS: Final = 1000
_ENDURANCE: Final = 10_000
#: What ours may take more than a handler that makes the same requests, and how much faster they
#: are to be than one that makes its clients for each: reported, for a busy machine has neither.
MEDIAN_MS: Final = 3.0
P99_MS: Final = 10.0
TIMES_FASTER: Final = 5.0
#: Which function makes as many calls of the model as its workflow has steps: none is like it.
_WORKFLOWS: Final = "workflows"
_LIKE: Final = {API: TAKES, MCP: EMPTY}
_Columns = Mapping[str, Callable[[dict[str, Any]], str]]


def _told(value: float | None, digits: int = 1, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.{digits}f}"


_TIMES: Final[_Columns] = {
    "p50": lambda row: _told(row["p50_ms"]),
    "p99": lambda row: _told(row["p99_ms"]),
    "p50 less model": lambda row: _told(row["own_p50_ms"]),
    "p99 ": lambda row: _told(row["own_p99_ms"]),
    "CPU": lambda row: _told(row["cpu_ms"]),
}
_COMPARED: Final[_Columns] = {
    "more, p50": lambda row: _told(row["more_p50_ms"], sign="+"),
    "more, p99": lambda row: _told(row["more_p99_ms"], sign="+"),
    "times": lambda row: _told(row["of_like"], 2),
    "times, CPU": lambda row: _told(row["cpu_of_like"], 2),
    "a client per request": lambda row: _told(row["per_request_of_own"]),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a row for each; fails where more than one handshake was needed."""
    parser = argparse.ArgumentParser(prog="python -m bench.warm", description=__doc__)
    parser.add_argument("--invocations", type=int, default=_INVOCATIONS, help="of each")
    parser.add_argument(
        "--endurance", type=int, default=_ENDURANCE, help="of the first; 0 for none"
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("functions", nargs="*", help="of ours, these alone")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-warm-") as folder:
        scratch = Path(folder)
        others = [Contestant.rival(one) for one in rivals(scratch)]
        ours = [Contestant(one) for one in deployed(scratch, asked.functions)]
        names = [one.function.name for one in ours]
        with race([*others, *ours]) as running:
            warm = running.run(asked.invocations, _progress)
        endurance: Endurance | None = None
        if asked.endurance:
            with race(ours[:1]) as running:
                endurance = running.endure(names[0], asked.endurance, _progress)
    rows = rows_of(warm, names)
    if asked.json:
        print(json.dumps(_document(rows, names[0], endurance), indent=1))
    else:
        _print(rows, asked.invocations, names[0], endurance)
    handshakes = [count for row in rows for count in row["connections"].values()]
    handshakes += [] if endurance is None else endurance.connections.values()
    return 0 if all(count == 1 for count in handshakes) else 1


def rows_of(warm: Mapping[str, Warm], ours: Sequence[str]) -> list[dict[str, Any]]:
    """Medians, and what more ours took than what makes the same requests, in the same round.

    Args:
        warm: What was measured, by function.
        ours: Which of them are.
    """
    rows = []
    for name, own in warm.items():
        like = warm[_like(name)] if name in ours and name != _WORKFLOWS else None
        rows.append(
            {
                "name": name,
                "invocations": len(own.times_ms),
                "p50_ms": statistics.median(own.times_ms),
                "p99_ms": p99(own.times_ms),
                "own_p50_ms": statistics.median(own.own_ms),
                "own_p99_ms": p99(own.own_ms),
                "more_p50_ms": _of_rounds(own, like, lambda one, other: one - other),
                "more_p99_ms": None if like is None else p99(own.own_ms) - p99(like.own_ms),
                "of_like": _of_rounds(own, like, lambda one, other: one / other),
                "per_request_of_own": _of_rounds(
                    own,
                    warm[PER_REQUEST] if like is warm[RECORDS] else None,
                    lambda one, other: other / one,
                ),
                "cpu_ms": own.cpu_ms,
                "cpu_of_like": None if like is None else own.cpu_ms / max(like.cpu_ms, 0.01),
                "like": None if like is None else _like(name),
                "requests": {
                    called: count / len(own.times_ms)
                    for called, count in sorted(own.requests.items())
                },
                "connections": dict(sorted(own.connections.items())) if name != PER_REQUEST else {},
                "connections_in_all": own.connections.total(),
            }
        )
    return rows


def _like(name: str) -> str:
    """Which of the others makes the same requests."""
    return _LIKE.get(name, RECORDS)


def _of_rounds(
    own: Warm, other: Warm | None, compare: Callable[[float, float], float]
) -> float | None:
    if other is None:
        return None
    return statistics.median(map(compare, own.own_ms, other.own_ms))


def _document(
    rows: Sequence[dict[str, Any]], name: str, endurance: Endurance | None
) -> dict[str, Any]:
    document: dict[str, Any] = {"machine": describe(), "functions": rows}
    if endurance is not None:
        document["endurance"] = {
            "name": name,
            "mb_per_1000": endurance.mb_per_1000,
            "connections": endurance.connections,
            "sizes": {at: vars(size) for at, size in endurance.sizes.items()},
        }
    return document


def _print(
    rows: Sequence[dict[str, Any]], invocations: int, name: str, endurance: Endurance | None
) -> None:
    console = Console()
    console.print(describe())
    times = Table(
        title=f"{invocations} warm invocations of each, in turns: milliseconds",
        title_justify="left",
    )
    times.add_column("function", no_wrap=True)
    for column in _TIMES:
        times.add_column(column, justify="right")
    for row in rows:
        times.add_row(row["name"], *(show(row) for show in _TIMES.values()))
    console.print(times)
    compared = Table(
        title="Less the model's time, beside what makes the same requests", title_justify="left"
    )
    compared.add_column("function", no_wrap=True)
    compared.add_column("beside")
    for column in _COMPARED:
        compared.add_column(column, justify="right")
    for row in rows:
        if row["like"] is not None:
            shown = (show(row) for show in _COMPARED.values())
            compared.add_row(row["name"], row["like"], *shown)
    console.print(compared)
    console.print(
        f"Aims, on a machine with nothing else to do: at most {MEDIAN_MS:.0f} ms more at the "
        f"median and {P99_MS:.0f} at p99; a client per request at least {TIMES_FASTER:.0f} times "
        "ours."
    )
    counted = Table(title="Counted at the servers", title_justify="left")
    for column in ("function", "requests of an invocation", "TLS connections in all"):
        counted.add_column(column, justify="left" if "all" not in column else "right")
    for row in rows:
        asked = ", ".join(f"{count:g} {called}" for called, count in row["requests"].items())
        counted.add_row(row["name"], asked, _connections(row))
    console.print(counted)
    if endurance is not None:
        first, last = (endurance.sizes[at] for at in (min(endurance.sizes), max(endurance.sizes)))
        console.print(
            f"{name}, {max(endurance.sizes)} invocations: memory {first.resident_mb:.1f} to "
            f"{last.resident_mb:.1f} MB, {endurance.mb_per_1000:+.3f} MB for 1,000; threads "
            f"{first.threads} to {last.threads}, descriptors {first.descriptors} to "
            f"{last.descriptors}; TLS connections: {_counts(endurance.connections)}"
        )


def _connections(row: dict[str, Any]) -> str:
    return _counts(row["connections"]) or str(row["connections_in_all"])


def _counts(connections: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {service}" for service, count in sorted(connections.items()))


def _progress(told: str) -> None:
    print(told, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
