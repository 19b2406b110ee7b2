"""The command with agents of memory."""

from pathlib import Path

import pytest

from tests.unit.cli.workflow.local_runs import LocalRuns


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRuns:
    return LocalRuns(tmp_path, monkeypatch)
