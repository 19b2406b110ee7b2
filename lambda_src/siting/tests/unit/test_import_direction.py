"""Imports inside the domain point one way; the contracts are in importlinter.toml."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_every_import_contract_of_the_domain_is_kept() -> None:
    done = subprocess.run(
        [
            Path(sys.executable).parent / "lint-imports",
            *("--no-cache", "--config", TESTS / "importlinter.toml"),
        ],
        cwd=TESTS,
        env={"PYTHONPATH": f"{TESTS.parents[2]}:{TESTS.parents[1]}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
