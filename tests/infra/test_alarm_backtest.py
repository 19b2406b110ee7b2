"""What docs/alarm-tests.md shows of a file of history fits the alarms that are deployed."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.__main__ import tradewind
from tests.docs.pages import PROJECT, commands
from tests.infra.assembly import Assembly

PAGE = PROJECT / "docs" / "alarm-tests.md"


def test_the_page_s_command_works_on_the_page_s_file(
    dev: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.DOTALL | re.MULTILINE
    [example] = re.findall(r"^```csv\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), blocks)
    [command] = [c for c in commands(PAGE) if "--file history.csv" in c.text]
    (tmp_path / "history.csv").write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = [*command.words[1:], "--templates", str(dev.folder)]
    done = CliRunner().invoke(tradewind, words)
    assert done.exit_code == 0, done.output
    assert "ALARM  2026-01-01T00:05Z" in done.stdout
    assert "no data of" not in done.stdout
