"""The commands do against the embedded AWS's API what they do against any other."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from cli.api.address import on_this_machine
from cli.cdk import PROJECT
from devtools.localcloud.bedrock.faults import Fault, FaultKind
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment, eventually

QUESTION = "Say it without tools"


def environment(deployment: Deployment, **more: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
        "TRADEWIND_HOME": str(deployment.home),
        **more,
    }


def tradewind(
    deployment: Deployment, *words: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=PROJECT,
        env=environment(deployment, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def url_of(deployment: Deployment) -> str:
    return on_this_machine(deployment.outputs["ApiUrl"], deployment.running)


def test_an_agent_is_asked_and_its_log_has_it(deployment: Deployment) -> None:
    done = tradewind(deployment, "call", FIRST, QUESTION, "--json")
    assert done.returncode == 0, done.stderr
    invocation = json.loads(done.stdout)
    assert invocation["state"] == "succeeded"
    assert QUESTION in invocation["result"]["response"]
    shown = tradewind(deployment, "status", invocation["id"])
    assert shown.returncode == 0
    assert invocation["result"]["response"] in shown.stdout
    logged = tradewind(deployment, "logs", FIRST, "--since", "10m")
    request_id = invocation["id"].partition(".")[2]
    assert f"request_id={request_id}" in logged.stdout
    assert QUESTION not in logged.stdout


def test_what_is_left_to_itself_is_found_again(deployment: Deployment) -> None:
    started = tradewind(deployment, "call", FIRST, QUESTION, "--async", "--json")
    assert started.returncode == 0, started.stderr
    identity = json.loads(started.stdout)["id"]

    def ended() -> bool:
        return tradewind(deployment, "status", identity).returncode == 0

    assert eventually(ended)


def test_who_leaves_can_come_back_and_cancel(deployment: Deployment) -> None:
    role = deployment.role(FIRST).rsplit("/", 1)[-1]
    deployment.bedrock.inject(Fault(FaultKind.STALL, role=role))
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "call", FIRST, QUESTION],
        cwd=PROJECT,
        env=environment(deployment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("running")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
    assert process.returncode == 130
    identity = said.split("`tradewind status ")[1].partition("`")[0]
    assert tradewind(deployment, "status", identity).returncode == 4
    cancelled = tradewind(deployment, "cancel", identity)
    assert (cancelled.returncode, cancelled.stderr) == (0, "")
    ended = eventually(lambda: _ended(deployment, identity))
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "CANCELLED")


def _ended(deployment: Deployment, identity: str) -> dict[str, Any] | None:
    shown = tradewind(deployment, "status", identity, "--json")
    found: dict[str, Any] = json.loads(shown.stdout)
    return found if shown.returncode == 1 else None


def test_callers_elsewhere_sign_with_their_own_keys(deployment: Deployment) -> None:
    running = deployment.running
    own = {
        **running.environment(),
        "TRADEWIND_HOME": "/nonexistent",
        "TRADEWIND_API_URL": url_of(deployment),
    }
    done = tradewind(deployment, "call", FIRST, QUESTION, **own)
    assert done.returncode == 0, done.stderr
    forged = tradewind(
        deployment, "call", FIRST, QUESTION, **{**own, "AWS_SECRET_ACCESS_KEY": "another"}
    )
    assert forged.returncode == 5
    assert "(403)" in forged.stderr
    example = subprocess.run(
        [sys.executable, "examples/callers/python_client.py", FIRST, QUESTION],
        cwd=PROJECT,
        env={**own, "SSL_CERT_FILE": running.ca_bundle, "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert example.returncode == 0, example.stderr
    assert QUESTION in json.loads(example.stdout)["result"]["response"]
