"""Results appear whole or not at all, and a failure does not pass off old ones as new."""

from pathlib import Path

import pytest

from cli.output import fresh


def write(out: Path, build: Path, text: str, *, fail: bool = False) -> None:
    with fresh(out, build) as folder:
        assert list(folder.iterdir()) == []
        assert not out.exists()
        (folder / "result.txt").write_text(text)
        if fail:
            raise RuntimeError


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return tmp_path / "build"


def test_a_success_replaces_what_was_there(out: Path, build: Path) -> None:
    write(out, build, "first")
    (out / "stale.txt").touch()
    write(out, build, "second")
    assert [file.name for file in out.iterdir()] == ["result.txt"]
    assert (out / "result.txt").read_text() == "second"
    assert {entry.name for entry in out.parent.iterdir()} == {"build", "out"}


def test_after_a_failure_there_is_no_result_but_the_last_whole_one_is_kept_aside(
    out: Path, build: Path
) -> None:
    write(out, build, "whole")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            write(out, build, "half", fail=True)
        assert not out.exists()
        assert (out.parent / "out.previous" / "result.txt").read_text() == "whole"
    write(out, build, "again")
    assert (out / "result.txt").read_text() == "again"
    assert not (out.parent / "out.previous").exists()
    assert list(build.iterdir()) == []
