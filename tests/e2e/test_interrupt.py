"""The demo, interrupted: it ends at once, says so, and leaves nothing running."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.localcloud.running import start_time
from tests.e2e.conftest import eventually
from tests.e2e.copies import copy_project

INTERRUPTED = 130


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_stops_what_it_started(tmp_path: Path, sent: signal.Signals) -> None:
    home, project = tmp_path / "cloud", tmp_path / "project"
    copy_project(project)
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "demo"],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": f"{project}:{project / 'lambda_src'}",
            "TRADEWIND_HOME": str(home),
        },
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        eventually((home / "running.json").exists)
        server = json.loads((home / "running.json").read_text())["pid"]
        # As a terminal does it: to the command and to the CDK it runs.
        os.killpg(demo.pid, sent)
        _, said = demo.communicate(timeout=180)
    assert demo.returncode == INTERRUPTED
    assert "Interrupted" in said
    assert "Traceback" not in said
    assert start_time(server) is None
    # Nor results of an earlier demo that look like its own.
    assert not (project / "out").exists()
