"""Tools that read, write and search files, as a model calls them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.workflow_tools import loaded_with, use
from tradewind.workflow_agents.tools import Consent, open_tools

NAMES = ["file_read", "file_write", "grep", "head", "tail", "search"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("one wind\ntwo Wind farms\nthree\n")
    (tmp_path / "b.txt").write_text("".join(f"{number}\n" for number in range(100)))
    return tmp_path


def used(folder: Path, name: str, *, allow: Consent | None = None, **given: Any) -> tuple[str, str]:
    async def run() -> tuple[str, str]:
        loaded = loaded_with(folder, tools={"python": NAMES})
        async with open_tools(loaded, run_id="r", environ={}, root=folder, allow=allow) as tools:
            return await use(tools, name, given)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("file_read", {"path": "logs/a.log"}, "one wind\ntwo Wind farms\nthree\n"),
        ("head", {"path": "b.txt", "lines": 2}, "0\n1"),
        ("tail", {"path": "b.txt", "lines": 2}, "98\n99"),
        ("head", {"path": "b.txt"}, "\n".join(map(str, range(20)))),
        ("grep", {"pattern": "^two|three$"}, "logs/a.log:2: two Wind farms\nlogs/a.log:3: three"),
        ("grep", {"pattern": "WIND"}, "Nothing was found."),
        ("grep", {"pattern": "ONE", "path": "logs", "ignore_case": True}, "logs/a.log:1: one wind"),
        ("search", {"query": "farms WIND"}, "logs/a.log:2: two Wind farms"),
        ("search", {"query": "wind", "path": "b.txt"}, "Nothing was found."),
    ],
)
def test_results(folder: Path, name: str, given: dict[str, Any], text: str) -> None:
    assert used(folder, name, **given) == ("success", text)


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("file_read", {"path": "/etc/passwd"}, "relative"),
        ("file_read", {"path": "a", "encoding": "x"}, "no argument"),
        ("head", {"path": "b.txt", "lines": 0}, "lines"),
        ("head", {"path": "b.txt", "lines": "2"}, "lines"),
        ("tail", {"path": "b.txt", "lines": 10**9}, "lines"),
        ("grep", {"pattern": "("}, "pattern"),
        ("grep", {"pattern": "a", "path": "../.."}, "`..`"),
        ("search", {"query": " "}, "no words"),
        ("search", {"query": "a", "path": "nowhere"}, "no such file"),
    ],
)
def test_refusals(folder: Path, name: str, given: dict[str, Any], told: str) -> None:
    status, text = used(folder, name, **given)
    assert status == "error"
    assert told in text


def test_a_pattern_that_takes_for_ever_is_refused(folder: Path) -> None:
    (folder / "c.txt").write_text("a" * 5000 + "b")
    status, text = used(folder, "grep", pattern="(a|aa)+$", path="c.txt")
    assert (status, "takes too long" in text) == ("error", True)


def test_no_more_is_shown_than_may_be(folder: Path) -> None:
    (folder / "c.txt").write_text("wind " * 400 + "\n" + "wind\n" * 500)
    _, text = used(folder, "search", query="wind", path="c.txt")
    longest, *lines = text.splitlines()
    assert len(longest) < 520
    assert len(lines) == 200
    assert lines[-1] == "[only the first 200 are shown]"


def test_a_file_that_was_there_is_changed_with_consent_alone(folder: Path) -> None:
    asked: list[str] = []

    async def no(tool: str, question: str) -> bool:
        assert tool == "file_write"
        asked.append(question)
        return False

    async def yes(_tool: str, _question: str) -> bool:
        return True

    for allow in (None, no):
        for append in (True, False):
            given = {"path": "b.txt", "content": "mine", "append": append}
            status, text = used(folder, "file_write", allow=allow, **given)
            assert (status, "nobody has consented" in text) == ("error", True)
    assert (folder / "b.txt").read_text().startswith("0\n1\n")
    assert asked == ["Change the file b.txt?"] * 2
    assert used(folder, "file_write", allow=yes, path="b.txt", content="mine")[0] == "success"
    assert (folder / "b.txt").read_text() == "mine"
    assert used(folder, "file_write", path="new/c.txt", content="mine") == (
        "success",
        "Written: new/c.txt has 4 bytes.",
    )
