"""The example for callers without AWS's own session: signed, asked once, short."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.cdk import PROJECT
from devtools.localcloud.tls import TlsFiles
from tests.integration.cli.api_server import Contract, answers, half, lost, refuses

CLIENT = PROJECT / "examples" / "callers" / "python_client.py"


@pytest.fixture
def environment(api_url: str, tls: TlsFiles, caller_environment: dict[str, str]) -> dict[str, str]:
    known = {name: caller_environment[name] for name in caller_environment if "KEY" in name}
    return {
        **known,
        "AWS_REGION": caller_environment["AWS_REGION"],
        "TRADEWIND_API_URL": api_url,
        "SSL_CERT_FILE": str(tls.ca),
        "PATH": os.defpath,
    }


def ask(environment: dict[str, str], tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(CLIENT), "terrain", "How windy is it?"],
        # From elsewhere, as somebody would who took this one file.
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def answer(done: "subprocess.CompletedProcess[str]") -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["result"]["response"]


def test_it_is_short_and_takes_of_aws_the_signature_alone() -> None:
    text = CLIENT.read_text(encoding="utf-8")
    assert text.count("\n") <= 40
    tree = ast.walk(ast.parse(text))
    imported = {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
    assert imported == {"botocore.auth", "botocore.awsrequest", "botocore.credentials"}
    assert "boto3" not in text


def test_an_answer_is_printed(
    environment: dict[str, str], contract: Contract, tmp_path: Path
) -> None:
    contract.keys["ASIAROLE"] = ("another", "a token")
    environment |= {"AWS_ACCESS_KEY_ID": "ASIAROLE", "AWS_SECRET_ACCESS_KEY": "another"}
    environment["AWS_SESSION_TOKEN"] = "a token"
    assert answer(ask(environment, tmp_path)) == "You asked: How windy is it?"


def test_long_work_is_looked_at_where_the_answer_says(
    environment: dict[str, str], contract: Contract, tmp_path: Path
) -> None:
    contract.looks = 1
    contract.retry_after = 0
    contract.faults.extend([lost, half, None, answers(502, {"message": "Internal server error"})])
    assert answer(ask(environment, tmp_path)) == "You asked: How windy is it?"
    assert list(contract.asked.values()) == [1]


def test_a_refusal_is_told(environment: dict[str, str], contract: Contract, tmp_path: Path) -> None:
    contract.faults.append(refuses(402, "BUDGET_EXCEEDED", "Spent."))
    done = ask(environment, tmp_path)
    assert (done.returncode, json.loads(done.stderr)["code"]) == (1, "BUDGET_EXCEEDED")
    environment["AWS_SECRET_ACCESS_KEY"] = "another"
    done = ask(environment, tmp_path)
    assert (done.returncode, "does not match" in done.stderr) == (1, True)
