"""Compares what it costs to run the same tasks; fails if ours is above what it must stay under.

A step's overhead is a run's time less that of bare awaits of the same answers. The sides take
turns, run by run, so that what else the machine does meets all of them; the median counts.
"""

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from bench.workflow import clients, ours, strands_graph
from bench.workflow.tasks import TASK_S, WORKS, Here, Side

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv-langgraph" / "bin" / "python"
OURS, LANGGRAPH, GRAPH = "ours", "LangGraph", "Strands' Graph"
NOTES: Final = """\
Ours renders two templates a task, keeps each result to resume from, and counts tokens and budgets.
LangGraph has no checkpointer, and adds each answer to its state. It works in steps: what is next
waits for all that is at work. Strands' Graph has nodes without an Agent, works in steps as well,
and runs all that is ready at once: it has no limit to honour. Its clients are those of an Agent in
each node with a model as it makes it by default; one model may be shared by hand. Ours makes an
Agent of the parts for each call, so that none carries a conversation into the next."""


class Peer:
    """A side in a process of its own, by ``bench.workflow.langgraph_side``'s lines."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-m", "bench.workflow.langgraph_side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false"},
        )

    def seconds(self, name: str) -> float:
        """See ``Side``."""
        return self._ask("seconds", name)

    def bare_seconds(self, name: str) -> float:
        """See ``Side``."""
        return self._ask("bare_seconds", name)

    def memory_bytes(self, name: str) -> float:
        """See ``Side``."""
        return self._ask("memory_bytes", name)

    def close(self) -> None:
        """See ``Side``."""
        self._process.communicate()

    def _ask(self, what: str, name: str) -> float:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipes")
        self._process.stdin.write(json.dumps([what, name]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"LangGraph's side ended with {self._process.wait()}.")
        return float(json.loads(line))


@dataclass(frozen=True)
class Row:
    """A measure, of each side that has it.

    Attributes:
        name: What it is, with its unit.
        values: By the side's name.
        shown: The format of a value.
        at_most: What ours must stay under; None for nothing.
    """

    name: str
    values: dict[str, float]
    shown: str = ".3f"
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether ours is what it must be."""
        return self.at_most is None or self.values[OURS] <= self.at_most

    def cells(self) -> list[str]:
        """The row of the table."""
        values = [
            format(self.values[side], self.shown) if side in self.values else "-"
            for side in (OURS, LANGGRAPH, GRAPH)
        ]
        if self.at_most is None:
            return [self.name, *values, "", ""]
        return [self.name, *values, f"{self.at_most:g}", "pass" if self.holds else "FAIL"]


class Comparison:
    """All sides, asked in turns."""

    def __init__(self) -> None:
        self._sides: dict[str, Side] = {
            OURS: Here(ours.prepare),
            LANGGRAPH: Peer(),
            GRAPH: Here(strands_graph.prepare),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        for side in self._sides.values():
            side.close()

    def _in_turns(self, runs: int, measure: Callable[[Side], float]) -> dict[str, float]:
        measured: dict[str, list[float]] = {name: [] for name in self._sides}
        for _ in range(runs):
            for name, side in self._sides.items():
                measured[name].append(measure(side))
        return {name: statistics.median(values) for name, values in measured.items()}

    def overhead_ms(self, name: str, runs: int = 30) -> dict[str, float]:
        """Of each step."""
        work = WORKS[name]
        return self._in_turns(
            runs,
            lambda side: (side.seconds(name) - side.bare_seconds(name)) / len(work) * 1000,
        )

    def lengths(self, name: str, runs: int = 5) -> dict[str, float]:
        """Times the critical path."""
        path_s = WORKS[name].critical * TASK_S
        return self._in_turns(runs, lambda side: side.seconds(name) / path_s)

    def growth(self, small: str, large: str) -> dict[str, float]:
        """How many times a small work's time a large one takes."""
        smalls = self._in_turns(5, lambda side: side.seconds(small))
        larges = self._in_turns(1, lambda side: side.seconds(large))
        return {name: larges[name] / smalls[name] for name in smalls}

    def memory_bytes(self, name: str) -> dict[str, float]:
        """Of each task."""
        return self._in_turns(1, lambda side: side.memory_bytes(name))

    def rows(self) -> list[Row]:
        """Measure everything."""
        return [
            Row("a chain's step, ms", self.overhead_ms("chain"), at_most=0.1),
            Row("a task of 200 independent ones, ms", self.overhead_ms("tasks"), at_most=0.1),
            Row("10 tasks, 10 at once, in lengths", self.lengths("10 at once"), at_most=1.1),
            Row("50 tasks, 50 at once, in lengths", self.lengths("50 at once"), at_most=1.1),
            Row("one slow branch, in critical paths", self.lengths("slow branch"), at_most=1.02),
            Row("10,000 tasks, times 1,000", self.growth("1,000", "10,000"), ".1f", 12),
            Row("memory of a task of 1,000, bytes", self.memory_bytes("1,000"), ",.0f"),
        ]


def client_rows() -> list[Row]:
    """What runs on real agents make, at most one client for each configuration."""
    counts = clients.count()
    rows = []
    for work, shown, most in (
        ("chain", f"{clients.CHAIN} steps of a chain", 1),
        (
            "tasks",
            f"{clients.TASKS} tasks, {clients.CONFIGURATIONS} configurations",
            clients.CONFIGURATIONS,
        ),
    ):
        for what in ("agents", "models", "clients", "connections"):
            values = {side: float(getattr(made, what)) for side, made in counts[work].items()}
            # As many connections as there are calls at once.
            at_most = None if what == "connections" and most > 1 else float(most)
            rows.append(Row(f"{shown}: {what}", values, ".0f", at_most))
    return rows


def main() -> None:
    """Print a row for each measure; exit with 1 if ours is not what it must be."""
    console = Console(width=120)
    table = Table(
        title="The same tasks", title_justify="left", caption=NOTES, caption_justify="left"
    )
    table.add_column("measure")
    for column in (OURS, LANGGRAPH, GRAPH, "ours at most", ""):
        table.add_column(column, justify="right")
    with Comparison() as comparison:
        rows = [*comparison.rows(), *client_rows()]
    for row in rows:
        table.add_row(*row.cells())
    console.print(describe())
    console.print(table)
    if not all(row.holds for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
