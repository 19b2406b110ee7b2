"""Files of a run's folder, asked for by a model that would rather have others."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflow_tools import open_files
from tradewind.workflow_agents.tools.folder import MOST_BYTES, Folder
from tradewind.workflow_agents.tools.tool import ToolRefused

SECRET = "the secret that is outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with files and links, beside a secret."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(SECRET)
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("one\ntwo\n")
    (root / "sub" / "b.txt").write_text("three")
    (root / ".env").write_text(SECRET)
    (root / "link.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "way").symlink_to(tmp_path / "outside")
    (root / "inner.txt").symlink_to(root / "a.txt")
    return root


def test_files_are_read_and_listed(root: Path) -> None:
    folder = Folder(root)
    assert folder.read("a.txt") == "one\ntwo\n"
    assert folder.read("./sub//b.txt") == "three"
    assert sorted(folder.files("", 10)) == ["a.txt", "sub/b.txt"]
    assert list(folder.files("sub", 10)) == ["sub/b.txt"]
    assert list(folder.files("a.txt", 10)) == ["a.txt"]
    assert len(list(folder.files("", 1))) == 1


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.txt",
        "sub/../../outside/secret.txt",
        "/etc/passwd",
        "link.txt",
        "way/secret.txt",
        "inner.txt",
        ".env",
        "sub/.git/hooks/x",
        "",
        ".",
        "sub",
        "a.txt/x",
        "nowhere.txt",
        "a\0b",
        "..\\outside",
        "a\nb",
        "x" * 300,
        "/".join(["d"] * 50),
        "~/x",
    ],
)
def test_other_paths_are_refused(root: Path, path: str) -> None:
    for ask in (Folder(root).read, lambda way: list(Folder(root).files(f"{way}/x", 5))):
        with pytest.raises(ToolRefused) as refused:
            ask(path)
        assert str(root) not in str(refused.value)


_part = st.one_of(
    st.sampled_from(
        ["..", ".", "", "a.txt", "sub", "link.txt", "way", "secret.txt", "outside", "root"]
    ),
    st.text(max_size=6),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_part, max_size=6).map("/".join), st.booleans())
def test_no_path_leads_out(root: Path, path: str, absolute: bool) -> None:
    folder = Folder(root)
    asked = f"{root.parent}/{path}" if absolute else path
    with suppress(ToolRefused):
        assert folder.read(asked) != SECRET
    with suppress(ToolRefused):
        folder.write(asked, "written")
    outside = root.parent / "outside"
    assert {one.name for one in outside.iterdir()} == {"secret.txt"}
    assert (outside / "secret.txt").read_text() == SECRET
    assert {one.name for one in root.parent.iterdir()} == {"outside", "root"}


def test_files_are_written_whole_and_folders_made(root: Path) -> None:
    folder = Folder(root)
    assert folder.write("new/deep/c.txt", "1") == 1
    assert folder.write("new/deep/c.txt", "22", append=True) == 3
    assert (root / "new/deep/c.txt").read_text() == "122"
    assert folder.write("new/deep/c.txt", "4") == 1
    assert [one.name for one in (root / "new/deep").iterdir()] == ["c.txt"]


def test_a_file_that_tools_made_is_theirs(root: Path) -> None:
    folder = Folder(root)
    assert not folder.is_own("a.txt")
    assert not folder.is_own("link.txt")
    assert folder.is_own("new.txt")
    folder.write("new.txt", "1")
    assert folder.is_own("./new.txt")
    assert not Folder(root).is_own("new.txt")


@pytest.mark.parametrize("append", [True, False])
def test_no_link_is_written_through(root: Path, append: bool) -> None:
    for path in ("link.txt", "way/secret.txt", "way/new.txt"):
        with pytest.raises(ToolRefused):
            Folder(root).write(path, "x", append=append)
    assert (root.parent / "outside/secret.txt").read_text() == SECRET
    assert not (root.parent / "outside/new.txt").exists()


def test_sizes_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(root)
    (root / "large.txt").write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ToolRefused, match="more than"):
        folder.read("large.txt")
    with pytest.raises(ToolRefused, match="may have"):
        folder.write("x.txt", "x" * (MOST_BYTES + 1))
    with pytest.raises(ToolRefused, match="may have"):
        folder.write("large.txt", "x", append=True)
    monkeypatch.setattr("tradewind.workflow_agents.tools.folder._MOST_WRITTEN", 5)
    folder.write("y.txt", "123")
    with pytest.raises(ToolRefused, match="A run may write"):
        folder.write("y.txt", "123")


def test_what_is_no_plain_text_file_is_refused_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "picture").write_bytes(b"\x89PNG\0\0")
    folder = Folder(root)
    for path in ("pipe", "picture", "sub"):
        with pytest.raises(ToolRefused):
            folder.read(path)
    with pytest.raises(ToolRefused):
        folder.write("pipe", "x", append=True)
    with pytest.raises(ToolRefused):
        folder.write("pipe", "x")


def test_nothing_stays_open(root: Path) -> None:
    folder, before = Folder(root), open_files()
    for path in ("a.txt", "sub/b.txt", "way/x", "sub/none", "../x", "link.txt"):
        for ask in (folder.read, folder.read_end, lambda way: list(folder.files(way, 1))):
            with suppress(ToolRefused):
                ask(path)
    next(folder.files("", 5))
    folder.write("sub/c.txt", "x")
    folder.add_line("sub/c.txt", "y")
    assert open_files() == before


def test_lines_are_added_whole(root: Path) -> None:
    folder = Folder(root)
    folder.add_line("notes/n.md", "one")
    (root / "notes/n.md").write_text("one\nhalf a li")
    folder.add_line("notes/n.md", "two")
    assert folder.read_end("notes/n.md") == ["one", "half a li", "two"]
