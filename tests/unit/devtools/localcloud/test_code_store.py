import hashlib
import io
import os
import stat
import threading
import zipfile
from pathlib import Path

import pytest

from devtools.localcloud import code_store
from devtools.localcloud.code_store import CodeStore


def a_package(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def unpack(store: CodeStore, package: bytes) -> Path:
    return store.unpack(hashlib.sha256(package).hexdigest(), package)


def test_a_package_is_unpacked_once(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    package = a_package(app="x")
    unpacked = unpack(store, package)
    assert (unpacked / "app").read_text() == "x"
    made = (unpacked / "app").stat().st_ino
    assert (unpack(CodeStore(tmp_path), package) / "app").stat().st_ino == made


def test_an_unpacked_package_is_read_only(tmp_path: Path) -> None:
    unpacked = unpack(CodeStore(tmp_path), a_package(**{"package/app": "x"}))
    assert stat.S_IMODE((unpacked / "package").stat().st_mode) == 0o555


def test_a_package_that_cannot_be_unpacked_leaves_nothing_behind_that_passes_for_one(
    tmp_path: Path,
) -> None:
    store = CodeStore(tmp_path)
    with pytest.raises(zipfile.BadZipFile):
        store.unpack("abc", b"not a zip file")
    assert not (tmp_path / "abc").exists()


def test_what_was_half_unpacked_is_removed_at_start(tmp_path: Path) -> None:
    (tmp_path / "abc.partial").mkdir()
    CodeStore(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_packages_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CodeStore(tmp_path)
    unpacked = [unpack(store, a_package(app=str(number))) for number in range(3)]
    for age, folder in enumerate(unpacked):
        os.utime(folder, (1000 - age, 1000 - age))
    monkeypatch.setattr(code_store, "_KEPT", 2)
    CodeStore(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(unpacked[:2])


def test_all_is_removed_and_many_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CodeStore(tmp_path)
    for number in range(2):
        unpack(store, a_package(**{"library/app": str(number), "other/deep/app": "x", "app": "x"}))
    (tmp_path / "half.partial").mkdir()
    remove, together = code_store._remove, threading.Barrier(4)

    def remove_together(unpacked: Path) -> None:
        if unpacked.parent != tmp_path:
            together.wait(120)  # broken unless all four are at it
        remove(unpacked)

    monkeypatch.setattr(code_store, "_remove", remove_together)
    code_store.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []
