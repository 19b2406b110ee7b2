"""A folder of results looks fresh only when it is."""

from pathlib import Path

import pytest

from cli.output import MARK, fresh


def contents(folder: Path) -> dict[str, list[str]]:
    return {
        place.name: sorted(file.name for file in place.iterdir())
        for place in sorted(folder.iterdir())
    }


def test_what_an_earlier_run_left_is_replaced(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with fresh(tmp_path / "out"):
            (tmp_path / "out" / name).touch()
        assert contents(tmp_path) == {"out": [name]}


def test_a_failed_run_is_marked_and_the_last_good_one_is_kept_beside_it(tmp_path: Path) -> None:
    with fresh(tmp_path / "out"):
        (tmp_path / "out" / "good").touch()
    for name in ("bad", "worse"):
        with pytest.raises(FileNotFoundError), fresh(tmp_path / "out"):
            (tmp_path / "out" / name).rename(tmp_path / "out" / "no folder" / name)
        assert contents(tmp_path) == {"out": [MARK], "out.previous": ["good"]}
    with fresh(tmp_path / "out"):
        (tmp_path / "out" / "better").touch()
    assert contents(tmp_path) == {"out": ["better"]}


def test_the_mark_is_there_from_the_start(tmp_path: Path) -> None:
    with fresh(tmp_path / "out"):
        assert contents(tmp_path) == {"out": [MARK]}
