"""Cold starts of every deployed function beside those of what people write without this project.

All run under awslambdaric, compiled as Lambda's is, against a Runtime API of this machine, and from
extracted bundles; Bedrock, the tables, the bucket and Lambda answer over TLS on loopback. The runs
are interleaved: what else the machine does befalls all alike, and ratios hold where milliseconds do
not. Nothing here ran on AWS.

Usage: python -m bench.coldstart [--starts N] [--json] [FUNCTION ...]
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.coldstart.cloud import cloud
from bench.coldstart.imports import largest_imports
from bench.coldstart.ours import deployed
from bench.coldstart.rivals import BARE, DOCUMENTED, rivals
from bench.coldstart.start import ColdStart, Startable, start_cold, start_restored
from bench.machine import describe
from cli.agents import agents
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from stacks.bundling.interpreter import compile_tree, find_interpreter

_STARTS: Final = 15
_PACKAGES: Final = 8
_MODULES: Final = 8
_MB: Final = 1_000_000
_Columns = Mapping[str, Callable[[dict[str, Any]], str]]
#: By function, the medians of its hooks' and of its first answer's milliseconds.
_Restored = Mapping[str, tuple[float, float]]
_TIMES: Final[_Columns] = {
    "init ms": lambda row: f"{row['init_ms']:.0f}",
    "answer ms": lambda row: f"{row['answer_ms']:.0f}",
    "sum ms": lambda row: f"{row['sum_ms']:.0f}",
    "CPU ms": lambda row: f"{row['cpu_ms']:.0f}",
    "sum of bare": lambda row: f"{row['sum_of_bare']:.2f}",
    "CPU of bare": lambda row: f"{row['cpu_of_bare']:.2f}",
    "zipped's CPU": lambda row: f"{row['documented_of_cpu']:.2f}",
}
_SIZES: Final[_Columns] = {
    "memory MB": lambda row: f"{row['memory_mb']:.0f}",
    "bundle MB": lambda row: f"{row['code_bytes'] / _MB:.1f}",
    "zip MB": lambda row: f"{row['zip_bytes'] / _MB:.1f}",
    "M instructions": lambda row: (
        "not counted" if row["instructions"] is None else f"{row['instructions'] / _MB:.0f}"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a row for each function and the largest imports of ours."""
    parser = argparse.ArgumentParser(prog="python -m bench.coldstart", description=__doc__)
    parser.add_argument("--starts", type=int, default=_STARTS, help="cold starts of each")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("functions", nargs="*", help="of ours, these alone")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-coldstart-") as folder, cloud() as endpoints:
        scratch = Path(folder)
        runtime = _runtime(scratch / "runtime")
        others = list(rivals(scratch))
        ours = list(deployed(scratch, asked.functions))
        restored: dict[str, list[tuple[float, float]]] = {
            one.name: [] for one in ours if one.name in agents()
        }
        starts: dict[str, list[ColdStart]] = {one.name: [] for one in (*others, *ours)}
        for number in range(asked.starts + 1):
            for one in (*others, *ours):
                start = start_cold(one, endpoints, runtime)
                if number:  # the first reads the files from the disk
                    starts[one.name].append(start)
                if number and one.name in restored:
                    restored[one.name].append(start_restored(one, endpoints, runtime))
        rows = _rows((*others, *ours), starts)
        imports = {one.name: largest_imports(one, endpoints, runtime) for one in ours}
    if asked.json:
        document = {
            "machine": describe(),
            "functions": rows,
            "restored": {
                name: {"hooks_ms": hooks_ms, "answer_ms": answer_ms}
                for name, (hooks_ms, answer_ms) in _medians(restored).items()
            },
            "imports": {
                name: {"packages_ms": packages, "modules_ms": dict(list(modules.items())[:50])}
                for name, (packages, modules) in imports.items()
            },
        }
        print(json.dumps(document, indent=1))
        return 0
    _print(rows, _medians(restored), imports, asked.starts)
    return 0


def _runtime(folder: Path) -> Path:
    """The runtime's client with its byte code, as in Lambda's image."""
    shutil.copytree(LAMBDA_RUNTIME, folder, ignore=shutil.ignore_patterns("__pycache__"))
    compile_tree(folder, find_interpreter())
    return folder


def _rows(
    functions: Sequence[Startable], starts: Mapping[str, Sequence[ColdStart]]
) -> list[dict[str, Any]]:
    """Medians, and what multiple of others they are: of each round's ratio, not of the medians."""
    bare, documented = starts[BARE], starts[DOCUMENTED]
    rows = []
    for one in functions:
        own = starts[one.name]
        counts = [start.instructions for start in own if start.instructions is not None]
        pairs = list(zip(own, bare, documented, strict=True))
        rows.append(
            {
                "name": one.name,
                "starts": len(own),
                "init_ms": _median(start.init_ms for start in own),
                "answer_ms": _median(start.answer_ms for start in own),
                "sum_ms": _median(start.sum_ms for start in own),
                "cpu_ms": _median(start.cpu_ms for start in own),
                "instructions": _median(counts) if counts else None,
                "memory_mb": _median(start.memory_mb for start in own),
                "sum_of_bare": _median(start.sum_ms / least.sum_ms for start, least, _ in pairs),
                "cpu_of_bare": _median(start.cpu_ms / least.cpu_ms for start, least, _ in pairs),
                "documented_of_cpu": _median(
                    shown.cpu_ms / start.cpu_ms for start, _, shown in pairs
                ),
                "code_bytes": one.code_bytes,
                "zip_bytes": one.zip_bytes,
            }
        )
    return rows


def _medians(restored: Mapping[str, Sequence[tuple[float, float]]]) -> _Restored:
    return {
        name: (_median(hooks for hooks, _ in times), _median(answer for _, answer in times))
        for name, times in restored.items()
    }


def _median(values: Any) -> float:
    return float(statistics.median(values))


def _print(
    rows: Sequence[dict[str, Any]],
    restored: _Restored,
    imports: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]],
    starts: int,
) -> None:
    console = Console()
    console.print(describe())
    for title, columns in (
        (f"Median of {starts} cold starts, interleaved; and as multiples", _TIMES),
        ("What they hold", _SIZES),
    ):
        table = Table(title=title, title_justify="left")
        table.add_column("function")
        for column in columns:
            table.add_column(column, justify="right")
        for row in rows:
            table.add_row(row["name"], *(show(row) for show in columns.values()))
        console.print(table)
    if all(row["instructions"] is None for row in rows):
        console.print("Instructions are not counted: this machine counts none for us.")
    after = Table(
        title="Restored from a snapshot (snap_start): what comes after Lambda has read it",
        title_justify="left",
    )
    after.add_column("function")
    for column in ("hooks ms", "answer ms"):
        after.add_column(column, justify="right")
    for name, times in restored.items():
        after.add_row(name, *(f"{time_ms:.0f}" for time_ms in times))
    console.print(after)
    console.print("How long Lambda takes to read a snapshot is Lambda's own: its RestoreDuration.")
    largest = Table(
        title="Imports, by their own share of all time in imports", title_justify="left"
    )
    for column in ("function", "packages", "modules"):
        largest.add_column(column)
    for name, (packages, modules) in imports.items():
        largest.add_row(name, _first(packages, _PACKAGES), _first(modules, _MODULES))
    console.print(largest)


def _first(times: Mapping[str, float], count: int) -> str:
    whole = sum(times.values())
    return ", ".join(
        f"{name} {100 * own_ms / whole:.0f} %" for name, own_ms in list(times.items())[:count]
    )


if __name__ == "__main__":
    sys.exit(main())
