"""Files that are whole or not there, wherever the writing of them is cut short.

All that a session or an artifact writes goes through here, so that a test can end the process
between any two of these operations, and in the middle of one.
"""

import os
from pathlib import Path
from typing import Final

#: Of folders and files: they hold prompts and answers.
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class Disk:
    """What is written survives the process, and the machine's power."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder, and those it is in."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        self.settle(folder.parent)

    def create(self, name: str | Path, *, at: int | None = None, mode: int = _FILE_MODE) -> int:
        """Make a file that is not there, and open it.

        Args:
            name: Its name.
            at: The open folder that it is in, if ``name`` is no path.
            mode: Whose it is.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        return os.open(name, flags, mode, dir_fd=at)

    def add(self, file: int, content: bytes) -> None:
        """Add to an open file; it is on the disk afterwards."""
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)

    def rename(self, old: Path, new: Path) -> None:
        """Put a file or a folder into the place of another, or of none."""
        old.replace(new)
        self.settle(new.parent)

    def name(self, part: str, name: str, *, at: int, force: bool) -> None:
        """Give a file in an open folder its name, in the place of another if ``force``.

        Raises:
            FileExistsError: There is one, and it is not to be replaced.
        """
        if force:
            os.replace(part, name, src_dir_fd=at, dst_dir_fd=at)
        else:
            os.link(part, name, src_dir_fd=at, dst_dir_fd=at)
            os.unlink(part, dir_fd=at)
        os.fsync(at)

    def settle(self, folder: Path) -> None:
        """Have the names in a folder on the disk."""
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    def write(self, file: Path, content: bytes) -> None:
        """Write a file whole, in the place of what it was."""
        part = file.with_name(f".{file.name}.part")
        part.unlink(missing_ok=True)
        opened = self.create(part)
        try:
            self.add(opened, content)
        finally:
            os.close(opened)
        self.rename(part, file)
