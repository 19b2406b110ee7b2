"""What calls cost after a freeze in which their connections were lost, beside plain boto3's.

A process is stopped (SIGSTOP) while the server ends, resets or forgets its connections, or while
the packets on them are dropped, one way or both. Then it goes on, its clocks are moved to the
freeze's end, and it calls. The server counts TLS handshakes and requests. Nothing here ran on AWS.

Usage: python -m bench.freeze [--quick] [--json] [--service NAME ...]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.freeze.cells import OURS, PLAIN, Cell, Outcome, measure
from bench.freeze.peer import Mode, may_forget
from bench.machine import describe
from devtools.localcloud.tls import make_tls_files
from tradewind.aws.sockets import IDLE_LIMIT_S

SERVICES: Final = ("bedrock-runtime", "dynamodb", "s3", "bedrock-agentcore")
FREEZES_S: Final = (1, 59, 61, 400)
BRANCHES: Final = 30
#: What may be lost in the worst case, and how many handshakes for each call.
MOST_LOST_S: Final = 6.0
MOST_HANDSHAKES: Final = 1

_WIDTH: Final = 150
#: In these the plain client waits for a minute, and the machine for nothing.
_SILENT: Final = {Mode.VANISHED, Mode.UNANSWERED}
_WAITING_AT_ONCE: Final = 32
_WORKING_AT_ONCE: Final = 2
#: The cells of a quick run: a death that is seen, one that is met, and one that is foreseen.
_QUICK: Final = ((Mode.CLOSED, 1, 1), (Mode.FORGOTTEN, 59, 5), (Mode.VANISHED, 400, 5))


def cells(services: Iterable[str], *, quick: bool) -> list[Cell]:
    """What is measured, as far as this machine can.

    Args:
        services: Of which services.
        quick: Whether a few cells, of our clients alone, will do.
    """
    if quick:
        every = [Cell(service, OURS, *one) for service, one in product(services, _QUICK)]
    else:
        every = [
            Cell(service, client, mode, freeze_s, at_once)
            for service, mode, at_once, freeze_s, client in product(
                services, Mode, (1, BRANCHES), FREEZES_S, (OURS, PLAIN)
            )
        ]
    forgets = may_forget()
    return [one for one in every if forgets or one.mode is not Mode.FORGOTTEN]


def measured(cells: Sequence[Cell], stopped_s: int) -> list[Outcome]:
    """Measure the cells; those that only wait all at once.

    Args:
        cells: They.
        stopped_s: How long each process is really stopped.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-freeze-") as scratch,
        ThreadPoolExecutor(_WAITING_AT_ONCE) as waiting,
        ThreadPoolExecutor(_WORKING_AT_ONCE) as working,
    ):
        tls = make_tls_files(Path(scratch))

        def submit(cell: Cell) -> Future[Outcome]:
            waits = cell.client == PLAIN and cell.mode in _SILENT
            return (waiting if waits else working).submit(measure, cell, tls, stopped_s)

        return [one.result() for one in [submit(cell) for cell in cells]]


def faults(outcomes: Iterable[Outcome], most_lost_s: float = MOST_LOST_S) -> list[str]:
    """Where this project's clients do not keep to what they are to keep to.

    Args:
        outcomes: What was measured.
        most_lost_s: How much later than warm a call may answer.
    """
    found = []
    for one in outcomes:
        if one.cell.client != OURS:
            continue
        cell = one.cell
        place = f"{cell.service}, {cell.mode}, {cell.freeze_s} s, {cell.at_once} at once"
        if one.failures:
            found.append(f"{place}: {len(one.failures)} failed: {one.failures[0]}")
        if one.handshakes_above_warm > MOST_HANDSHAKES * cell.at_once:
            found.append(f"{place}: {one.handshakes_above_warm} handshakes more than warm")
        if one.dead and cell.freeze_s > IDLE_LIMIT_S:
            found.append(f"{place}: {one.dead} connections were trusted for too long")
        if one.lost_s > most_lost_s:
            found.append(f"{place}: {one.lost_s:.1f} s lost")
    return found


def _table(title: str, first: Sequence[str], columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in first:
        table.add_column(name)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _shown(outcomes: Sequence[Outcome]) -> str:
    """The worst of some cells."""
    failed = sum(len(one.failures) for one in outcomes)
    handshakes = max(one.handshakes_above_warm for one in outcomes)
    lost_s = max(one.lost_s for one in outcomes)
    return f"{failed} / {handshakes} / {lost_s:.1f}"


def _add_rows(
    table: Table,
    outcomes: Sequence[Outcome],
    row: Callable[[Cell], tuple[str, ...]],
    column: Callable[[Cell], str],
    columns: Sequence[str],
) -> None:
    rows: dict[tuple[str, ...], dict[str, list[Outcome]]] = {}
    for one in outcomes:
        rows.setdefault(row(one.cell), {}).setdefault(column(one.cell), []).append(one)
    for names, by_column in rows.items():
        table.add_row(
            *names,
            *(_shown(by_column[name]) if name in by_column else "" for name in columns),
        )


def _print(outcomes: Sequence[Outcome]) -> None:
    console = Console(width=_WIDTH)
    console.print(describe())
    console.print("failed calls / handshakes more than warm / seconds lost by the slowest call")
    clients = list(dict.fromkeys(one.cell.client for one in outcomes))
    freezes = sorted({one.cell.freeze_s for one in outcomes})
    columns = [f"{client}, {freeze_s} s" for client in clients for freeze_s in freezes]
    table = _table("After a freeze", ("service", "connections", "at once"), columns)
    _add_rows(
        table,
        outcomes,
        lambda cell: (cell.service, cell.mode, str(cell.at_once)),
        lambda cell: f"{cell.client}, {cell.freeze_s} s",
        columns,
    )
    console.print(table)
    table = _table("The worst of all services and freezes", ("connections", "at once"), clients)
    _add_rows(
        table,
        outcomes,
        lambda cell: (cell.mode, str(cell.at_once)),
        lambda cell: cell.client,
        clients,
    )
    console.print(table)
    if Mode.FORGOTTEN not in {one.cell.mode for one in outcomes}:
        console.print("Forgotten connections are left out: that takes CAP_NET_ADMIN.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print; 1 where this project's clients do not keep to their limits."""
    parser = argparse.ArgumentParser(prog="python -m bench.freeze", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few cells, of ours alone")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--service", action="append", choices=SERVICES, help="this one alone")
    asked = parser.parse_args(arguments)
    wanted = cells(asked.service or SERVICES, quick=asked.quick)
    outcomes = measured(wanted, stopped_s=0 if asked.quick else 1)
    found = faults(outcomes)
    if asked.json:
        document = {
            "machine": describe(),
            "cells": [asdict(one) for one in outcomes],
            "faults": found,
        }
        print(json.dumps(document, indent=1))
    else:
        _print(outcomes)
        for fault in found:
            print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
