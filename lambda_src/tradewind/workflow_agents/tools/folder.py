"""Files of one folder, and no other: each part of a path is opened below the one before it.

A link is not followed, wherever it leads, and no path is looked at twice: what is opened is what is
read, though somebody may move files meanwhile.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from tradewind.workflow_agents.tools.tool import ToolRefused

#: Of a file that is read or written.
MOST_BYTES: Final = 2_000_000
#: What one run's tools may write in all.
_MOST_WRITTEN: Final = 100_000_000
#: Where the last lines of a long file are looked for.
_END: Final = 200_000
_DEEPEST: Final = 32
_LONGEST_PART: Final = 200
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Waiting for what is at the other end of a pipe would be for ever.
_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NoSuchFile(ToolRefused):
    """There is no file of the name."""


def parts_of(path: str) -> list[str]:
    """A relative path's parts; none for the folder itself.

    Raises:
        ToolRefused: It is no path within a folder.
    """
    if path.startswith("/") or "\\" in path or not path.isprintable():
        raise ToolRefused("A path must be relative, with `/` between its parts.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolRefused("A path must not hold `..`.")
    if any(part.startswith(".") for part in parts):
        # Keys, settings and what runs by itself: `.env`, `.git/hooks`.
        raise ToolRefused("Hidden files, whose names begin with a dot, cannot be reached.")
    if len(parts) > _DEEPEST or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise ToolRefused("The path is too long.")
    return parts


class Folder:
    """A folder's files.

    Args:
        root: The folder; a link to one is followed, unlike those within.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._written = 0
        self._own: set[tuple[str, ...]] = set()

    def read(self, path: str) -> str:
        """A file's text.

        Raises:
            ToolRefused: There is none, or it is none to read.
        """
        content = self.read_bytes(path)
        if b"\0" in content:
            raise ToolRefused("The file is no text.")
        return content.decode("utf-8", errors="replace")

    def read_bytes(self, path: str) -> bytes:
        """The same as bytes."""
        with self._reading(path) as (file, size):
            if size > MOST_BYTES:
                raise ToolRefused(f"The file has more than {MOST_BYTES:,} bytes.")
            return file.read(MOST_BYTES)

    def read_end(self, path: str) -> list[str]:
        """The last lines of a file of any length, whole ones only.

        Raises:
            ToolRefused: There is none.
        """
        with self._reading(path) as (file, size):
            start = max(0, size - _END)
            file.seek(start)
            lines = file.read(_END).decode("utf-8", errors="replace").split("\n")
        return lines[1 if start else 0 : -1]

    def add_line(self, path: str, line: str) -> None:
        """Add a line to a file of any length; one write, so that it is whole.

        Raises:
            ToolRefused: It cannot be written.
        """
        with self._below(path, make=True) as (folder, name), _refusing():
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _FILE
            descriptor = os.open(name, flags, 0o644, dir_fd=folder)
            try:
                size = _size_of(descriptor)
                content = f"{line}\n".encode("utf-8", errors="replace")
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    content = b"\n" + content  # a write that a full disk has cut, or an editor
                os.write(descriptor, content)
            finally:
                os.close(descriptor)

    def is_own(self, path: str) -> bool:
        """Whether a file is not there, or was made here.

        Raises:
            ToolRefused: It can be none.
        """
        if tuple(parts_of(path)) in self._own:
            return True
        try:
            with self._below(path) as (folder, name), _refusing():
                os.lstat(name, dir_fd=folder)
        except NoSuchFile:
            return True
        return False

    def write(self, path: str, text: str, *, append: bool = False) -> int:
        """Write a file, as a whole or not at all; folders are made.

        Returns:
            How many bytes it has now.

        Raises:
            ToolRefused: It cannot be written.
        """
        content = text.encode("utf-8", errors="replace")
        if len(content) > MOST_BYTES:
            raise ToolRefused(f"A file may have {MOST_BYTES:,} bytes.")
        if self._written + len(content) > _MOST_WRITTEN:
            raise ToolRefused(f"A run may write {_MOST_WRITTEN:,} bytes.")
        with self._below(path, make=True) as (folder, name), _refusing():
            put = _append if append else _replace
            size = put(folder, name, content)
        self._written += len(content)
        self._own.add(tuple(parts_of(path)))
        return size

    def files(self, path: str, most: int) -> Iterator[str]:
        """The plain files below a folder, by their paths, in order; or the file that it names.

        Raises:
            ToolRefused: There is no such folder.
        """
        parts = parts_of(path)
        if parts and self._is_file(path):
            yield "/".join(parts)
            return
        with self._opened(parts) as top:
            waiting, found = [("/".join(parts), os.dup(top))], 0
            try:
                while waiting:
                    name, folder = waiting.pop()
                    try:
                        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
                        for entry in entries:
                            if entry.name.startswith("."):
                                continue
                            below = f"{name}/{entry.name}".lstrip("/")
                            if entry.is_file(follow_symlinks=False):
                                yield below
                                found += 1
                                if found >= most:
                                    return
                            elif entry.is_dir(follow_symlinks=False) and below.count("/") < 8:  # noqa: PLR2004
                                with suppress(OSError):
                                    inner = os.open(entry.name, _FOLDER, dir_fd=folder)
                                    waiting.append((below, inner))
                    finally:
                        os.close(folder)
            finally:
                for _, folder in waiting:
                    os.close(folder)

    def _is_file(self, path: str) -> bool:
        with self._below(path) as (folder, name), suppress(OSError):
            return stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode)
        return False

    @contextmanager
    def _reading(self, path: str) -> Iterator[tuple[BinaryIO, int]]:
        """A plain file, and its size."""
        with self._below(path) as (folder, name), _refusing():
            descriptor = os.open(name, os.O_RDONLY | _FILE, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                yield file, _size_of(descriptor)

    @contextmanager
    def _below(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that a file is in, opened, and its name there."""
        parts = parts_of(path)
        if not parts:
            raise ToolRefused("That is a folder, and no file.")
        with self._opened(parts[:-1], make=make) as folder:
            yield folder, parts[-1]

    @contextmanager
    def _opened(self, parts: list[str], *, make: bool = False) -> Iterator[int]:
        with _refusing():
            if make:
                self._root.mkdir(parents=True, exist_ok=True)
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                with _refusing():
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, dir_fd=folder)
                    inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


def _size_of(descriptor: int) -> int:
    """A plain file's size."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise ToolRefused("That is no plain file.")
    return found.st_size


def _append(folder: int, name: str, content: bytes) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _FILE
    descriptor = os.open(name, flags, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "ab") as file:
        size = _size_of(descriptor) + len(content)
        if size > MOST_BYTES:
            raise ToolRefused(f"A file may have {MOST_BYTES:,} bytes.")
        file.write(content)
        return size


def _replace(folder: int, name: str, content: bytes) -> int:
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
            raise ToolRefused("That is no plain file.")
    beside = f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
    try:
        with os.fdopen(os.open(beside, flags, 0o644, dir_fd=folder), "wb") as file:
            file.write(content)
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
        raise
    return len(content)


@contextmanager
def _refusing() -> Iterator[None]:
    """What a disk says, in words for a model: without the paths around the folder."""
    try:
        yield
    except FileNotFoundError:
        raise NoSuchFile("There is no such file.") from None
    except OSError as failed:
        # Of a link, that there are too many of them.
        reason = "it is a link or no folder" if failed.errno in _LINKS else failed.strerror
        raise ToolRefused(f"The file cannot be opened: {reason}.") from None


_LINKS: Final = (40, 62, 20)  # ELOOP, on Linux and on macOS, and ENOTDIR
