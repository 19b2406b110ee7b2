"""Releases of awslambdaric that are taught to stream do so as Lambda's Runtime API wants it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from devtools.runtime_conformance.checks import CHECKS, Check, whole_answers_are_untouched
from devtools.runtime_conformance.process import RuntimeProcess, runtime_process
from devtools.runtime_conformance.releases import CHECKED_ALWAYS, pins, runtime_folders

#: The one that functions run on here is the newest; the tests of locks see to that.
HERE = "here"


@pytest.fixture(scope="module", params=[*CHECKED_ALWAYS, HERE])
def folders(request: pytest.FixtureRequest) -> list[Path]:
    return [LAMBDA_RUNTIME] if request.param == HERE else runtime_folders(request.param)


@pytest.fixture(scope="module")
def runtime(folders: list[Path]) -> Iterator[RuntimeProcess]:
    with runtime_process(folders) as process:
        yield process


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_streamed_answer(runtime: RuntimeProcess, check: Check) -> None:
    check(runtime)


def test_answers_that_are_not_streamed(folders: list[Path], runtime: RuntimeProcess) -> None:
    with runtime_process(folders, CONFORMANCE_UNHOOKED="1") as plain:
        whole_answers_are_untouched(runtime, plain)


def test_the_oldest_known_release_is_checked_always() -> None:
    assert next(iter(pins())) == CHECKED_ALWAYS[0]


def conformance(*folders: Path) -> "subprocess.CompletedProcess[str]":
    """``python -m devtools.runtime_conformance``, as docs/streaming.md has it."""
    command = [sys.executable, "-m", "devtools.runtime_conformance"]
    for folder in folders:
        command += ["--runtime", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_command_says_of_each_check_how_it_went() -> None:
    done = conformance(*runtime_folders("3.0.0"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok"] * (len(CHECKS) + 1)


def test_the_command_fails_with_a_runtime_that_is_not_known(tmp_path: Path) -> None:
    shutil.copytree(LAMBDA_RUNTIME, tmp_path / "runtime")
    client = tmp_path / "runtime" / "awslambdaric" / "lambda_runtime_client.py"
    with client.open("a") as source:
        source.write("LambdaRuntimeClient.post_invocation_result = lambda *_, mode: None\n")
    done = conformance(tmp_path / "runtime")
    assert done.returncode == 1
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"FAILED"}
    assert "knows no way to" in done.stdout
