"""Setting up tells what a machine lacks, and a pull request fails on what must fail it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.lock import lock
from scripts import check_machine
from scripts.check_machine import NEEDED_BYTES, OLDEST

PROJECT = Path(__file__).resolve().parents[2]
#: Without annotations, for the oldest of Pythons.
lacking: Any = check_machine.lacking
WORKFLOW = PROJECT / ".github" / "workflows" / "pull-request.yml"


@pytest.mark.parametrize(
    ("version", "free_bytes", "has_venv", "words"),
    [
        ((2, 7), NEEDED_BYTES, True, "needs Python 3.11 or newer; "),
        ((3, 10), NEEDED_BYTES, True, "is 3.10. Try make PYTHON="),
        (OLDEST, NEEDED_BYTES, False, "apt-get install python3-venv"),
        (OLDEST, NEEDED_BYTES - 10**9, True, "about 3 GB in"),
        (OLDEST, NEEDED_BYTES - 10**9, True, "2.0 GB are free there"),
    ],
)
def test_what_a_machine_lacks(
    version: tuple[int, int], free_bytes: int, has_venv: bool, words: str
) -> None:
    assert words in lacking(version, free_bytes, has_venv)


def test_a_machine_that_lacks_nothing() -> None:
    assert lacking(OLDEST, NEEDED_BYTES, True) == ""


def test_a_python_that_is_too_old_can_read_the_check() -> None:
    # The grammar of 3.11 has everything that older ones had; what it must not have is newer.
    source = (PROJECT / "scripts" / "check_machine.py").read_text()
    compile(source, "check_machine.py", "exec")
    for newer in ('f"', ":=", " -> ", "match "):
        assert newer not in source


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The Makefile with what it needs to begin the setup."""
    for name in ("Makefile", "requirements-setup.txt", "scripts/check_machine.py"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, target)
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(shutil.which("make")), "--silent", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_that_is_not_there_is_not_called_old(copy: Path) -> None:
    done = make(copy, ".tools/bin/uv", "PYTHON=python9")
    assert done.returncode != 0
    assert "There is no python9 here. Tradewind needs Python 3.11 or newer" in done.stderr
    assert "older" not in done.stderr


def test_a_python_that_is_old_is_called_so(copy: Path) -> None:
    old = copy / "old-python"
    old.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -c \"import sys; sys.version_info = (3, 9); "
        "sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')\""
        ' "$2"\n'
    )
    old.chmod(0o755)
    done = make(copy, ".tools/bin/uv", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "is 3.9" in done.stderr


def steps() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["check"]["steps"]
    return [step for step in listed if "run" in step]


def test_a_bundle_over_budget_fails_the_workflow(tmp_path: Path) -> None:
    (step,) = [step for step in steps() if "bench-bundles" in step["run"]]
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(
        '#!/bin/sh\nmkdir -p cdk.out && touch cdk.out/A.template.json\n[ "$1" != bench-bundles ]\n'
    )
    make.chmod(0o755)
    defaults = yaml.safe_load(WORKFLOW.read_text()).get("defaults", {}).get("run", {})
    # As the runner does it: with a shell that is named, and without.
    options = ["-eo", "pipefail"] if defaults.get("shell") == "bash" else ["-e"]
    done = subprocess.run(
        [str(shutil.which("bash")), "--noprofile", "--norc", *options, "-c", step["run"]],
        cwd=tmp_path,
        env={"PATH": f"{make.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert not (tmp_path / "attach" / "alarm-tests.json").exists()


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A project with something to clean, and an embedded AWS that says when it is stopped."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    package = tmp_path / "devtools" / "localcloud"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(
        "import pathlib, sys\n"
        "assert pathlib.Path('.build').exists(), 'removed under a running cloud'\n"
        "print('stopped' if sys.argv[1:] == ['down'] else sys.argv)\n"
    )
    (tmp_path / ".build").mkdir()
    unpacked = tmp_path / ".localcloud" / "code" / "bundle"
    unpacked.mkdir(parents=True)
    (unpacked / "handler.py").touch()
    unpacked.chmod(0o555)
    return tmp_path


def test_cleaning_stops_the_embedded_aws_first_and_says_so(used: Path) -> None:
    done = make(used, "clean", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    assert "The embedded AWS: stopped" in done.stdout
    assert sorted(path.name for path in used.iterdir()) == ["Makefile", "devtools"]


def test_cleaning_does_not_pull_the_ground_from_under_a_demo(used: Path) -> None:
    with lock(used / ".build"):
        done = make(used, "clean", f"PYTHON={sys.executable}")
    assert done.returncode != 0
    assert "A demo or a deployment is at work here" in done.stderr
    assert (used / ".localcloud").exists()
