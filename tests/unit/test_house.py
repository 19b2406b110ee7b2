"""The house stays one in which a place is found: small modules."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "cli", "devtools", "lambda_src", "scripts", "stacks")
#: Lines. A longer module does more than one job, or says at its top why it is one.
MOST = 400
LONG_BECAUSE = "This module is long because"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_long_module_says_why(folder: str) -> None:
    for module in (PROJECT / folder).rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert text.count("\n") <= MOST or LONG_BECAUSE in text[:1000], module
