"""A small project of its own: what its tests miss is found, and what they hold is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CODE = """LIMIT = 10


def is_over(value: int) -> bool:
    return value > LIMIT


def forgotten(value: int) -> int:
    return value + LIMIT
"""
TESTS = """from app.code import is_over


def test_is_over():
    assert is_over(11)
    assert not is_over({below})
"""
SETTINGS = """[tool.pytest.ini_options]
pythonpath = ["."]
[tool.mutants]
sources = ["app"]
modules = ["app/*.py"]
tests = ["tests"]
libraries = ["json"]
environments = ["ignored"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "pyproject.toml": SETTINGS,
        "app/__init__.py": "",
        "app/code.py": CODE,
        "tests/test_code.py": TESTS.format(below=9),
        ".gitignore": "ignored/\n",
        "ignored/broken.py": "(",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S607
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devtools.mutants", "--jobs", "2", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_survivors_are_shown_and_the_project_stays_as_it_is(project: Path) -> None:
    before = {path: path.read_text() for path in project.rglob("*.py")}
    done = run(project)
    assert done.returncode == 1, done.stderr
    assert "+    return (value >= LIMIT)" in done.stdout  # nobody asks at the limit itself
    assert "+    return (value <= LIMIT)" not in done.stdout
    assert "+    return (value - LIMIT)" in done.stdout  # no test reaches it
    assert "+LIMIT = 1" not in done.stdout  # set when the module is imported
    assert {path: path.read_text() for path in project.rglob("*.py")} == before


def test_what_the_tests_hold_is_enough(project: Path) -> None:
    (project / "app" / "code.py").write_text(CODE.partition("\n\n\ndef forgotten")[0])
    (project / "tests" / "test_code.py").write_text(TESTS.format(below=10))
    done = run(project)
    assert (done.returncode, "100 of 100" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_table_that_a_test_only_reads_is_held_by_it(project: Path) -> None:
    (project / "app" / "code.py").write_text("LIMIT = 10\n")
    (project / "tests" / "test_code.py").write_text(
        "from app import code\n\n\ndef test_limit():\n    assert code.LIMIT == 10\n"
    )
    done = run(project)
    assert (done.returncode, "Caught 2 of 2" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_seed_draws_the_same_sample(project: Path) -> None:
    one, again = (run(project, "--count", "3", "--seed", "5").stdout for _ in range(2))
    assert one == again
    assert one.startswith("3 mutants, seed 5")


def test_tests_that_fail_by_themselves_catch_nothing(project: Path) -> None:
    failing = "\n\ndef test_fails():\n    is_over(1)\n    raise KeyError\n"
    (project / "tests" / "test_code.py").write_text(TESTS.format(below=9) + failing)
    done = run(project)
    assert "fails by itself, and is left out: tests/test_code.py::test_fails" in done.stdout
    assert "+    return (value >= LIMIT)" in done.stdout

    (project / "tests" / "test_code.py").write_text(TESTS.format(below=11))
    done = run(project)
    assert done.returncode == 2
    assert "No test reaches any of the sample" in done.stderr


def test_tests_that_cannot_be_run_are_told(project: Path) -> None:
    (project / "tests" / "test_code.py").write_text("import nowhere_to_be_found\n")
    done = run(project)
    assert done.returncode == 2
    assert "nowhere_to_be_found" in done.stderr


def test_modules_without_anything_to_change_are_refused(project: Path) -> None:
    done = run(project, "app/__init__.py")
    assert done.returncode == 2
    assert "nothing to change" in done.stderr
