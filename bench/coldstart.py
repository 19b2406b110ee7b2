"""Each agent's bundle and init: from process start to a handler that is ready.

Runs the bundles as Lambda would: extracted, on a bare interpreter that finds nothing else. Shows
what byte code and tracing are worth in the same run. No call leaves the process.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.environment import of_function
from bench.machine import describe
from cli.agents import agents
from stacks.bundling.bundler import Bundler
from stacks.settings.file import load_settings
from tradewind.contracts.names import EnvVar

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7

_PROBE = """
import json, sys
import tradewind.handlers.agent as entry
print(json.dumps({"init_ms": entry._service.init_ms, "modules": len(sys.modules)}))
"""


def environment_of(agent: str, bundle: Path) -> dict[str, str]:
    """The environment of an agent's function with a bundle."""
    own = {
        EnvVar.AGENT: agent,
        EnvVar.CONNECT_TIMEOUT_S: "2",
        EnvVar.READ_TIMEOUT_S: "30",
        EnvVar.MAX_CONNECTIONS: "10",
        EnvVar.SESSION_HISTORY_TOKENS: "1000",
        EnvVar.QUESTION_LIFE_DAYS: "1",
        EnvVar.READS_FROM: "",
    }
    return of_function(bundle, **own)


def _init(environment: dict[str, str], *flags: str) -> dict[str, Any]:
    """One cold start's init time in ms and number of imported modules."""
    done = subprocess.run(
        [sys.executable, "-S", *flags, "-c", _PROBE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _median_ms(environment: dict[str, str], *flags: str) -> float:
    return float(statistics.median(_init(environment, *flags)["init_ms"] for _ in range(RUNS)))


def main() -> None:
    """Print a row per agent."""
    settings = load_settings("local", ROOT / "config", agents())
    bundler = Bundler(ROOT)
    table = Table(title=f"Init, median of {RUNS} cold starts", title_justify="left")
    table.add_column("agent")
    for column in (
        "zip MB",
        "unzipped MB",
        "init ms",
        "without byte code ms",
        "modules",
        "modules, tracing on",
    ):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as scratch:
        for agent, manifest in agents().items():
            function = settings.function(manifest)
            archive = bundler.bundle(
                manifest, function.target_architecture, function.bundle_budget_mb
            )
            folder = Path(scratch) / agent
            with zipfile.ZipFile(archive.path) as zipped:
                zipped.extractall(folder)
            environment = environment_of(agent, folder)
            traced = environment | {"_X_AMZN_TRACE_ID": "Root=1-0-0;Parent=0;Sampled=1"}
            # A cache prefix that is empty hides the bundle's byte code; -B keeps it empty.
            bare = environment | {"PYTHONPYCACHEPREFIX": str(Path(scratch) / "none")}
            table.add_row(
                agent,
                f"{archive.path.stat().st_size / 1e6:.1f}",
                f"{sum(archive.packages.values()) / 1e6:.1f}",
                f"{_median_ms(environment):.0f}",
                f"{_median_ms(bare, '-B'):.0f}",
                str(_init(environment)["modules"]),
                str(_init(traced)["modules"]),
            )
    console = Console()
    console.print(describe())
    console.print(table)


if __name__ == "__main__":
    main()
