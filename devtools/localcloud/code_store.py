"""Unpacked deployment packages, kept by their hash between starts: unpacking takes seconds."""

import io
import os
import shutil
import threading
import zipfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: Deployment packages to keep; the least recently used go first, at start.
_KEPT = 16
_REMOVED_AT_ONCE = 16


class CodeStore:
    """A folder of unpacked packages, read-only as Lambda's ``/var/task`` is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        folder.mkdir(parents=True, exist_ok=True)
        by_last_use = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for index, unpacked in enumerate(by_last_use):
            if index >= _KEPT or unpacked.suffix == ".partial":
                _remove(unpacked)

    def unpack(self, sha256: str, package: bytes) -> Path:
        """Return the folder that holds ``package``, unpacking it where it is new."""
        unpacked = self._folder / sha256
        with self._locks[sha256]:
            if not unpacked.exists():
                partial = unpacked.with_suffix(".partial")
                with zipfile.ZipFile(io.BytesIO(package)) as archive:
                    archive.extractall(partial)
                    for member in archive.infolist():
                        if mode := (member.external_attr >> 16) & 0o555:
                            (partial / member.filename).chmod(mode)
                for folder, _, _ in os.walk(partial):
                    Path(folder).chmod(0o555)
                partial.rename(unpacked)
            os.utime(unpacked)
        return unpacked

    def unpack_ahead(self, sha256: str, package: bytes) -> None:
        """Unpack in the background, for a function that will be called before long."""
        threading.Thread(target=self.unpack, args=(sha256, package), daemon=True).start()


def clear(folder: Path) -> None:
    """Remove every unpacked package. No function may be running.

    Tens of thousands of files, and a busy disk makes wait for each: so many at a time.
    """
    packages = list(folder.glob("*"))
    for unpacked in packages:
        unpacked.chmod(0o755)
    inside = [one for unpacked in packages for one in unpacked.iterdir() if one.is_dir()]
    with ThreadPoolExecutor(_REMOVED_AT_ONCE) as threads:
        list(threads.map(_remove, inside))
        list(threads.map(_remove, packages))


def _remove(unpacked: Path) -> None:
    for folder, _, _ in os.walk(unpacked):
        Path(folder).chmod(0o755)
    shutil.rmtree(unpacked)
