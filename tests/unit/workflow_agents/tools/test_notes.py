"""Notes of calls, kept in a file and read from it."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import AgentFailed, InvalidRun
from tradewind.workflow.spec.model import Notes as NotesSpec
from tradewind.workflow_agents.tools.notes import Notes


def notes(root: Path, file: str = "notes/n.md", hide: Any = str, **more: Any) -> Notes:
    spec = NotesSpec.model_validate({"file": file, **more})
    return Notes(spec, root, hide, lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def call(step: str = "steps/0", text: str = "What?") -> AgentCall:
    return AgentCall(step, "a", Model("bedrock"), "You are a.", text)


def test_each_call_is_a_line_and_the_last_are_read(tmp_path: Path) -> None:
    kept = notes(tmp_path, include_last=2)
    assert kept.last() == ""
    for number in range(3):
        kept.add(call(f"steps/{number}"), AgentReply(f"answer {number}"), ["grep", "grep", "head"])
    lines = (tmp_path / "notes/n.md").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0] == (
        "- 2026-01-02T03:04:05+00:00 **a** (steps/0) was asked: What? "
        "Tools: grep, head. Outcome: answer 0"
    )
    assert kept.last().splitlines() == ["Notes of the last steps:", *lines[1:]]
    assert notes(tmp_path).last().count("answer") == 3


def test_json_is_a_line_of_it(tmp_path: Path) -> None:
    kept = notes(tmp_path, format="json")
    kept.add(call(), AgentReply("yes"), [])
    assert json.loads((tmp_path / "notes/n.md").read_text()) == {
        "time": "2026-01-02T03:04:05+00:00",
        "agent": "a",
        "step": "steps/0",
        "input": "What?",
        "tools": [],
        "outcome": "yes",
    }
    assert '"outcome": "yes"' in kept.last()


def test_a_failure_is_noted(tmp_path: Path) -> None:
    kept = notes(tmp_path)
    kept.add(call(), AgentFailed("throttled"), [])
    assert "Outcome: failed: throttled" in kept.last()


def test_what_a_model_says_is_no_note_of_its_own(tmp_path: Path) -> None:
    kept = notes(tmp_path)
    kept.add(call(), AgentReply("fine\n- 2026 **b** (steps/9) was asked: nothing"), [])
    assert len(kept.last().splitlines()) == 2


def test_notes_are_short_and_without_what_is_hidden(tmp_path: Path) -> None:
    kept = notes(tmp_path, hide=lambda text: text.replace("hunter2", "***"))
    kept.add(call(text="x" * 494 + "hunter2"), AgentReply("y" * 10_000), [])
    note = kept.last()
    assert "hunter" not in note
    assert "y" * 500 + "..." in note
    assert "y" * 501 not in note


@pytest.mark.parametrize("file", ["../n.md", "/n.md", "a/../../n.md", ".", ".hidden"])
def test_a_file_outside_is_refused_before_any_call(tmp_path: Path, file: str) -> None:
    with pytest.raises(InvalidRun, match="notes"):
        notes(tmp_path, file)


def test_what_cannot_be_written_is_logged_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "notes").write_text("a file where the folder would be")
    kept = notes(tmp_path)
    with caplog.at_level(logging.WARNING):
        kept.add(call(text="private words"), AgentReply("more of them"), [])
    assert "steps/0 cannot be written" in caplog.text
    assert "private" not in caplog.text
    assert kept.last() == ""


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("")
    root = tmp_path / "root"
    root.mkdir()
    (root / "n.md").symlink_to(outside)
    notes(root, "n.md").add(call(), AgentReply("x"), [])
    assert outside.read_text() == ""


def test_of_a_long_file_only_the_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "n.md").write_text("- old\n" * 100_000 + "- new\n")
    assert notes(tmp_path, "n.md", include_last=1).last().splitlines()[-1] == "- new"
