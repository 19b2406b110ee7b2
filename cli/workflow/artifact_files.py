"""Artifacts as files under one folder, and nowhere else."""

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.workflow.disk import Disk
from tradewind.workflow.engine.artifacts import Written
from tradewind.workflow.engine.errors import ArtifactFailed

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_MODE: Final = 0o666


class ArtifactFolder:
    """Where artifacts go.

    Args:
        out: The folder; it need not be there.
        force: Whether files that are there may be replaced.
        disk: What writes.
    """

    def __init__(self, out: Path, *, force: bool, disk: Disk | None = None) -> None:
        self.out = out
        self._force = force
        self._disk = disk or Disk()

    def check(self, paths: Iterable[str]) -> None:
        """Find out what would keep files from being written, without writing.

        Raises:
            ArtifactFailed: A file is there and may not be replaced, a symlink is in the way, or the
                folder cannot be written to.
        """
        paths = list(paths)
        if not paths:
            return
        self._check_out()
        for path in paths:
            parts = Path(path).parts
            for number in range(1, len(parts)):
                above = Path(*parts[:number])
                if str(above) in paths:
                    raise ArtifactFailed(f"{above} is an artifact, and {path} would be in it")
                mode = _mode_of(self.out / above)
                if mode is not None and not stat.S_ISDIR(mode):
                    raise ArtifactFailed(f"{self.out / above} is no folder")
            self._check_file(self.out / path)

    def write(self, artifacts: Sequence[Written]) -> list[Path]:
        """Write files; each is whole or not there. One that is there already as it is to be stays.

        Raises:
            ArtifactFailed: One may not or cannot be written.
        """
        written = []
        with _failing(self.out):
            new = [one for one in artifacts if not self._is_there(one)]
            self.check(one.path for one in new)
            for one in artifacts:
                if one in new:
                    self._write(one)
                written.append(self.out / one.path)
        return written

    def report(self, name: str, text: str) -> Path:
        """Write a file of the command's own, in the place of its last one.

        Raises:
            ArtifactFailed: It cannot be written, or a symlink or a folder is in its place.
        """
        with _failing(self.out):
            mode = _mode_of(self.out / name)
            if mode is not None and not stat.S_ISREG(mode):
                raise ArtifactFailed(f"{self.out / name} is no plain file")
            self._check_out()
            self._write(Written(name, text), force=True)
        return self.out / name

    def _check_out(self) -> None:
        place = self.out.absolute()
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise ArtifactFailed(f"{place} is no folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise ArtifactFailed(f"{place} cannot be written to")

    def _check_file(self, file: Path) -> None:
        mode = _mode_of(file)
        if mode is None:
            return
        if stat.S_ISLNK(mode):
            raise ArtifactFailed(f"{file} is a symlink")
        if not stat.S_ISREG(mode):
            raise ArtifactFailed(f"{file} is no plain file")
        if not self._force:
            raise ArtifactFailed(f"{file} is there already; --force replaces it")

    def _is_there(self, artifact: Written) -> bool:
        """Whether a file is as it is to be: of the same run, which was cut short, perhaps."""
        file, content = self.out / artifact.path, _bytes(artifact)
        mode = _mode_of(file)
        if mode is None or not stat.S_ISREG(mode) or file.stat().st_size != len(content):
            return False
        # By way of no symlink.
        return file.resolve() == (self.out.resolve() / artifact.path) and (
            file.read_bytes() == content
        )

    def _write(self, artifact: Written, *, force: bool | None = None) -> None:
        force = self._force if force is None else force
        *above, name = Path(artifact.path).parts
        self.out.mkdir(parents=True, exist_ok=True)
        with _opened(self.out, above) as folder:
            part = f".{name}.{secrets.token_hex(4)}.part"
            file = self._disk.create(part, at=folder, mode=_MODE)
            try:
                self._disk.add(file, _bytes(artifact))
                self._disk.name(part, name, at=folder, force=force)
            except OSError:
                os.unlink(part, dir_fd=folder)
                raise
            finally:
                os.close(file)


@contextmanager
def _opened(out: Path, above: Sequence[str]) -> Iterator[int]:
    """The folder that a file goes to, reached by way of no symlink."""
    folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in above:
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except FileNotFoundError:
                os.mkdir(name, dir_fd=folder)
                inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _failing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        raise ArtifactFailed(f"{out} cannot be written to: {failed.strerror or failed}") from None


def _bytes(artifact: Written) -> bytes:
    return artifact.text.encode("utf-8", "replace")


def _mode_of(file: Path) -> int | None:
    try:
        return file.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
