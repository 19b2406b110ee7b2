"""The command stays on this machine, whatever the shell it is started from holds."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from cli.cdk import PROJECT
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment
from tests.e2e.connections import STRACE, run_counted
from tests.hostile import ELSEWHERE, make_hostile_home

needs_strace = pytest.mark.skipif(
    STRACE is None, reason="strace counts the connections (apt-get install strace)"
)
#: What a person does in a session, ended in any case: strace waits for all that was started.
SESSION = """
trap './tradewind down --json' EXIT
set -e
./tradewind up --json > "$1/up.json"
./tradewind invoke "$2" --request "lambda_src/agents/$2/request.json" --json > "$1/answer.json"
./tradewind dashboard overview --html-only --out "$1/dashboards" --json > "$1/dashboards.json"
"""


@needs_strace
def test_no_connection_leaves_this_machine(deployment: Deployment, tmp_path: Path) -> None:
    # The bundles are built: what follows has no package to download.
    assert deployment.outputs
    hostile = {
        **make_hostile_home(tmp_path / "home"),
        "PATH": os.environ["PATH"],
        "TRADEWIND_HOME": str(tmp_path / "cloud"),
    }
    done, connections = run_counted(
        ["/bin/sh", "-c", SESSION, "sh", str(tmp_path), FIRST], hostile, tmp_path, PROJECT
    )
    assert done.returncode == 0, done.stderr
    assert connections.beyond == []
    assert connections.loopback > 0
    assert json.loads((tmp_path / "answer.json").read_text())["success"] is True
    assert json.loads((tmp_path / "up.json").read_text())["outputs"].keys() == (
        deployment.outputs.keys()
    )
    (overview,) = json.loads((tmp_path / "dashboards.json").read_text())
    assert overview["name"] in Path(overview["html"]).read_text()
    assert json.loads(done.stdout) == {"stopped": True}
    assert "\x1b[" not in done.stderr  # no colours into a pipe, whatever FORCE_COLOR says


@needs_strace
def test_a_leak_would_be_counted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = (
            "import socket, subprocess, sys\n"
            f"socket.create_connection(('127.0.0.1', {port}))\n"
            "leak = 'import socket; s = socket.socket(); s.setblocking(False); '\n"
            f"leak += 's.connect_ex((\"{ELSEWHERE}\", 443))'\n"
            "subprocess.run([sys.executable, '-c', leak])\n"
        )
        _, connections = run_counted([sys.executable, "-c", program], {}, tmp_path, tmp_path)
    assert connections.loopback == 1
    assert len(connections.beyond) == 1
    assert ELSEWHERE in connections.beyond[0]
