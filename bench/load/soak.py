"""`make bench-soak`: a few callers for half an hour, and whether anything grows meanwhile.

Every few seconds it looks at the embedded AWS and at the functions' processes (memory, descriptors,
threads), and at how long the invocations of those seconds took. Not part of `make bench`. A slope
upwards that is no flat one fails it; what is of the embedded AWS alone is shown, and fails nothing:
it keeps every record, metric and log line in memory, as it has to.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from bench.load.callers import Callers
from bench.load.deaths import function_processes
from bench.load.measure import questions
from bench.load.trends import trend
from bench.machine import describe
from cli.agents import agents
from cli.api.address import Address, on_this_machine
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps, results
from devtools.localcloud import LocalCloud
from stacks.names import Output

_PATIENCE_S: Final = 240.0
_KB: Final = 1024
_SERVER: Final = "embedded AWS"


def main() -> int:
    """Print a slope for each series; fails where one of a function's is not flat."""
    parser = argparse.ArgumentParser(prog="bench.load.soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--every-s", type=float, default=10)
    parser.add_argument("--warm-s", type=float, default=60, help="not counted")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    steps = Steps()
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        cloud = LocalCloud(Path(scratch) / "cloud")
        try:
            running, outputs = start_and_deploy(steps, cloud)
            point_boto3_at(running)
            callers = Callers(
                Address(on_this_machine(outputs[Output.API_URL], running), running.region),
                callers=options.callers,
                connections=options.callers,
                questions=questions([_talker()]),
            )
            with (
                steps.step(f"{options.callers} callers for {options.minutes:g} minutes") as step,
                callers.at_work(_PATIENCE_S) as seen,
            ):
                began = time.monotonic()
                time.sleep(options.warm_s)
                ended = sum(one.seen is not None for one in seen.asked)
                while time.monotonic() < began + options.minutes * 60:
                    time.sleep(options.every_s)
                    at = time.monotonic() - began
                    for name, value in _sizes(running.pid).items():
                        series[name].append((at, value))
                    done = [one for one in seen.asked if one.seen is not None]
                    walls = [one.seen - one.sent for one in done[ended:] if one.seen]
                    ended = len(done)
                    if walls:
                        series["invocation, median s"].append((at, statistics.median(walls)))
                    step.note = f"{at:.0f} s, {len(done)} invocations"
        finally:
            cloud.down()
    errors = dict(callers.seen.errors)
    found = {name: trend(*zip(*points, strict=True)) for name, points in series.items()}
    if options.json:
        told: dict[str, Any] = {name: asdict(one) for name, one in found.items()}
        asked = len(callers.seen.asked)
        print(json.dumps({"machine": describe(), "asked": asked, "errors": errors, "series": told}))
    else:
        table = Table(title=f"{len(callers.seen.asked)} invocations", title_justify="left")
        for column in ("", "samples", "median", "an hour", "95 % interval", "flat"):
            table.add_column(column, justify="right" if column else "left")
        for name, one in sorted(found.items()):
            flat = {True: "yes", False: "no", None: "too few"}[one.flat]
            interval = f"{one.low:+.2f} to {one.high:+.2f}"
            table.add_row(
                name, str(one.samples), f"{one.median:.2f}", f"{one.per_hour:+.2f}", interval, flat
            )
        console = results()
        console.print(describe())
        console.print(table)
    grows = [
        name
        for name, one in found.items()
        if one.flat is False and one.per_hour > 0 and not name.startswith(_SERVER)
    ]
    return 1 if grows or errors else 0


def _talker() -> str:
    """An agent that asks the model once: most invocations for the time."""
    return next(name for name, one in agents().items() if not one.demo)


def _sizes(server: int) -> dict[str, float]:
    """What the server uses, and what a process of each function uses at the median."""
    found: dict[str, list[float]] = defaultdict(list)
    for process, name in {server: _SERVER, **function_processes(server)}.items():
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process}/status").read_text()
            lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            found[f"{name}, MB"].append(float(lines["VmRSS"].split()[0]) / _KB)
            found[f"{name}, threads"].append(float(lines["Threads"]))
            descriptors = len(os.listdir(f"/proc/{process}/fd"))
            found[f"{name}, descriptors"].append(float(descriptors))
    return {name: statistics.median(values) for name, values in found.items()}


if __name__ == "__main__":
    sys.exit(main())
