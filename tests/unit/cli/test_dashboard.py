"""`tradewind dashboard` explains what it needs, and fails on widgets that cannot work."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
import pytest

from cli import dashboard as command
from cli.cdk import PROJECT
from cli.dashboard import report, save
from cli.errors import CommandError
from cli.options import Span
from devtools.dashboard.browser import WidgetState
from devtools.dashboard.output import Written
from tests.dashboard_app import sample_preview


def tradewind(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command with no embedded AWS running."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "dashboard", *arguments],
        cwd=PROJECT,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
            "TRADEWIND_HOME": str(home),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 1, "`tradewind up` starts it"),
        (["--account"], 1, "Which region?"),
        (["overview"], 2, "go with --out"),
        (["--range", "1h"], 2, "go with --out"),
        (["--out", "x", "--range", "soon"], 2, "15m, 3h, 1d or 1w"),
        (["--templates", "."], 2, "goes with --account"),
        (["--port", "99999"], 2, "port"),
    ],
)
def test_what_it_needs_is_explained(
    tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    done = tradewind(*arguments, home=tmp_path)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "span"),
    [("15m", timedelta(minutes=15)), ("3h", timedelta(hours=3)), ("2w", timedelta(weeks=2))],
)
def test_lengths_of_time(text: str, span: timedelta) -> None:
    assert Span().convert(text, None, None) == span


@pytest.mark.parametrize("text", ["", "3", "h", "0h", "-3h", "3 h", "99999h"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Span().convert(text, None, None)


def test_html_is_written_for_the_named_dashboards(tmp_path: Path) -> None:
    preview = sample_preview(tmp_path / "app")
    written = save(preview, tmp_path / "out", ["strange"], timedelta(hours=1), pictures=False)
    assert [one.html.name for one in written] == ["shop-test-strange.html"]
    with pytest.raises(CommandError, match="no dashboard 'gone'"):
        save(preview, tmp_path / "out", ["gone"], None, pictures=False)


def test_without_a_browser_the_html_is_there_and_the_reason_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtools.dashboard.browser.find_chromium", lambda: None)
    with pytest.raises(CommandError, match="apt-get install chromium"):
        save(sample_preview(tmp_path / "app"), tmp_path / "out", [], None, pictures=True)
    assert (tmp_path / "out" / "shop-test-overview.html").exists()


def test_without_its_chart_library_no_page_is_written_and_what_to_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtools.dashboard.d3.NODE_MODULES", tmp_path / "node_modules")
    preview = sample_preview(tmp_path / "app")
    with pytest.raises(CommandError, match="`make setup` or `npm ci` installs it"):
        save(preview, tmp_path / "out", [], None, pictures=False)
    with pytest.raises(CommandError, match="`make setup` or `npm ci` installs it"):
        command.show(preview, 0, as_json=False)


def test_a_missing_assembly_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="make synth"):
        command._assembly(tmp_path, None, "000000000000", "us-east-1")


DRAWN = WidgetState("Requests", "timeSeries", "drawn", "", False)
WRITTEN = Written("shop", Path("shop.html"), (Path("shop-light.png"),), (DRAWN,))


def test_files_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    report([WRITTEN], as_json=False)
    assert capsys.readouterr().out == "shop.html\nshop-light.png\n"
    report([WRITTEN], as_json=True)
    assert '"state": "drawn"' in capsys.readouterr().out


def test_a_widget_without_data_is_no_failure_but_one_that_cannot_work_is() -> None:
    empty = replace(DRAWN, state="empty", message="No data in this range")
    report([replace(WRITTEN, widgets=(empty,))], as_json=False)
    broken = replace(DRAWN, state="error", message="SUM( is no metric math")
    with pytest.raises(CommandError, match=r"shop, 'Requests': SUM\( is no metric math"):
        report([replace(WRITTEN, widgets=(broken,))], as_json=False)
    with pytest.raises(CommandError, match="shop, refused by CloudWatch: 26 variables"):
        report([replace(WRITTEN, refused=("26 variables",))], as_json=False)
    with pytest.raises(CommandError, match="shop, console: it broke"):
        report([replace(WRITTEN, problems=("it broke",))], as_json=False)
