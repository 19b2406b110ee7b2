"""`make bench-load`: 200 callers at once through the API, and the same while functions are killed.

Deploys the app into an embedded AWS of its own. The model is the scripted stand-in, which takes
``--model-s`` for an answer. The machine runs every function: what is measured is what the app and
the machine do together, not what AWS would.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.load.measure import Load, measure
from bench.machine import describe
from cli.agents import agents
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps, results
from devtools.localcloud import LocalCloud

_ROWS = (
    ("invocations accepted", "accepted"),
    ("ended", "ended"),
    ("not in the table, or never ended", "lost"),
    ("errors", "errors"),
    ("refused for now", "refused"),
    ("answers lost, and asked for again", "repeated"),
    ("invocations a second", "per_s"),
    ("from question to end seen, p50 s", "p50_s"),
    ("p99 s", "p99_s"),
    ("in the queue, p50 s", "queue_p50_s"),
    ("at work, p50 s", "work_p50_s"),
    ("a call of the API, p50 ms", "api_p50_ms"),
    ("p99 ms", "api_p99_ms"),
    ("the model's price of a thousand, $", "model_usd_per_thousand"),
    ("processes killed", "killed"),
    ("reservations that nobody closed", "reservations_open"),
    ("committed, and in no answer or reservation, $", "unexplained_usd"),
    ("files in manifests, and broken ones", "files"),
)


def main() -> int:
    """Print both runs; fails where something is lost, leaked or broken."""
    parser = argparse.ArgumentParser(prog="bench.load")
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--model-s", type=float, default=1.0)
    parser.add_argument("--kill-every-s", type=float, default=1.0)
    parser.add_argument("--agents", help="names with commas between; all the same to each")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = tuple(options.agents.split(",")) if options.agents else _mix()
    calm = Load(
        callers=options.callers,
        seconds=options.seconds,
        connections=options.connections,
        model_s=options.model_s,
        kill_every_s=0,
        agents=asked,
    )
    deadly = Load(**{**vars(calm), "kill_every_s": options.kill_every_s})
    steps, runs = Steps(), {}
    with tempfile.TemporaryDirectory() as scratch:
        cloud = LocalCloud(Path(scratch) / "cloud")
        try:
            running, outputs = start_and_deploy(steps, cloud)
            point_boto3_at(running)
            for name, load in {"undisturbed": calm, "while functions are killed": deadly}.items():
                with steps.step(f"{load.callers} callers, {load.seconds:g} s, {name}") as step:
                    runs[name] = measure(running, outputs, load).to_json()
                    step.result = f"{runs[name]['accepted']} invocations"
        finally:
            cloud.down()
    if options.json:
        print(json.dumps({"machine": describe(), "runs": runs}, indent=2))
    else:
        _show(runs)
    problems = [line for run in runs.values() for line in run["problems"]]
    for line in problems:
        print(line, file=sys.stderr)
    return 1 if problems else 0


def _mix() -> tuple[str, ...]:
    """Nine questions that the model answers alone, to one that has tools and files."""
    talking = [name for name, one in agents().items() if not one.demo and not one.packages]
    return (*talking[:1] * 9, next(name for name, one in agents().items() if one.demo))


def _show(runs: dict[str, dict[str, Any]]) -> None:
    table = Table(title="Callers of the API", title_justify="left")
    table.add_column("")
    for name in runs:
        table.add_column(name, justify="right")
    for title, name in _ROWS:
        table.add_row(title, *(_cell(run, name) for run in runs.values()))
    console = results()
    console.print(describe())
    console.print(table)


def _cell(run: dict[str, Any], name: str) -> str:
    if name == "lost":
        return str(run["missing"] + run["open"])
    if name == "files":
        return f"{run['files']}, {len(run['broken_files'])}"
    value = run[name]
    if isinstance(value, dict):
        return "\n".join(f"{count} {what}" for what, count in value.items()) or "0"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
