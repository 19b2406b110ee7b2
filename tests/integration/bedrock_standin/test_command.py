"""``python -m devtools.localcloud.bedrock`` and other programs than boto3."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from devtools.localcloud.bedrock import BedrockStandIn, StandInAdmin
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import ask

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(
    stop: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "devtools.localcloud.bedrock", "--region", "eu-west-1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            environment, admin_url = _printed(process)
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            # A session of its own: the default one keeps the credentials it saw first.
            client = boto3.Session().client("bedrock-runtime")
            ask(client, modelId="eu.anthropic.claude-sonnet-4-6")
            client.close()
            assert StandInAdmin(admin_url).stats().requests == 1
        finally:
            process.send_signal(stop)
            _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0
    assert complaints == ""
    assert not Path(environment["AWS_CA_BUNDLE"]).exists()


def _printed(process: subprocess.Popen[str]) -> tuple[dict[str, str], str]:
    assert process.stdout is not None
    environment, admin_url = {}, ""
    for line in process.stdout:
        words = shlex.split(line.lstrip("# "))
        if "Admin" in words:
            admin_url = words[2]
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            environment[name] = value
        if "AWS_CA_BUNDLE" in environment:
            break
    return environment, admin_url


def test_node_trusts_the_certificate(
    standin: BedrockStandIn, tls_files: TlsFiles, client: Any
) -> None:
    script = (
        "const done = (word) => { console.log(word); process.exit() };"
        "require('https').get(process.argv[1], (answer) => done(answer.statusCode))"
        ".on('error', (error) => done(error.code))"
    )
    node = Path(sys.executable).with_name("node")
    for variables, expected in (
        ({"NODE_EXTRA_CA_CERTS": str(tls_files.ca)}, "404"),
        ({}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    ):
        environment = {"PATH": os.environ["PATH"], **variables}
        for host in ("127.0.0.1", "localhost"):
            url = standin.endpoint_url.replace("127.0.0.1", host)
            ran = subprocess.run(
                [node, "-e", script, url],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert ran.stdout.strip() == expected
