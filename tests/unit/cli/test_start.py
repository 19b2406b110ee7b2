"""The start script finds the project, and says what to do where it is not set up."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.cdk import PROJECT
from tests.hostile import HOSTILE

#: Loaded by what deploys, asks or draws; far too slow for what answers at once.
SLOW = (
    "boto3",
    "botocore",
    "rich",
    "aws_cdk",
    "pydantic",
    "yaml",
    "numpy",
    "urllib3",
    "devtools.dashboard",
)
LOADED = """
import sys
from cli.__main__ import main
try:
    main()
except SystemExit as end:
    slow = [name for name in {slow!r} if name in sys.modules]
    print("status", end.code, "slow", slow, "modules", len(sys.modules) < 250, file=sys.stderr)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project folder with the start script alone, and a blank in its name."""
    folder = tmp_path / "my project"
    folder.mkdir()
    shutil.copy(PROJECT / "tradewind", folder)
    return folder


def set_up(folder: Path) -> None:
    """Make it look set up, with a Python that prints how it was called."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\nenv | grep ^PYTHON | sort\n')
    python.chmod(0o755)
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / ".ready").touch()


def start(
    script: Path | str,
    *arguments: str,
    cwd: Path | None = None,
    hostile: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(script), *arguments],
        cwd=cwd,
        env={**(hostile or {}), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )


def test_before_the_setup_it_says_what_to_do(elsewhere: Path) -> None:
    done = start(elsewhere / "tradewind", "--help")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: Tradewind is not set up here yet. "
        f"Run first: make -C '{elsewhere.resolve()}' setup\n"
    )


def test_it_works_through_symlinks_from_anywhere(elsewhere: Path, tmp_path: Path) -> None:
    set_up(elsewhere)
    (tmp_path / "bin").mkdir()
    (tmp_path / "first").symlink_to(elsewhere / "tradewind")
    (tmp_path / "bin" / "tw").symlink_to("../first")
    done = start("../bin/tw", "status", "a b", cwd=tmp_path / "bin", hostile={"CDPATH": "/"})
    here = elsewhere.resolve()
    assert done.stdout.splitlines()[0] == f"{here}:{here}/lambda_src -m cli status a b"


def test_settings_of_another_python_are_left_behind(elsewhere: Path) -> None:
    set_up(elsewhere)
    done = start(elsewhere / "tradewind", "status", hostile=HOSTILE)
    here = elsewhere.resolve()
    assert done.stdout.splitlines()[1:] == [f"PYTHONPATH={here}:{here}/lambda_src"]


def test_a_small_workflow_is_validated_with_few_modules(tmp_path: Path) -> None:
    slow = tuple(name for name in SLOW if name not in ("pydantic", "yaml"))
    slow += ("asyncio", "strands", "jsonschema")
    done = subprocess.run(
        [
            *(sys.executable, "-c", LOADED.format(slow=slow).replace("250", "450")),
            *("validate", "examples/workflows/chain-brief.yaml", "--var", "notes=x"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "status 0 slow [] modules True\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["status"],
        ["down"],
        *[
            [command, "--help"]
            for command in ("invoke", "dashboard", "call", "logs", "deploy", "run", "sessions")
        ],
    ],
)
def test_what_answers_at_once_loads_nothing_slow(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(slow=SLOW), *arguments],
        cwd=PROJECT,
        env={**os.environ, "TRADEWIND_HOME": str(tmp_path / "cloud")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "status None slow [] modules True\n".replace(
        "None", "0" if "--help" in arguments else "None"
    )
