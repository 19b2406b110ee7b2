"""A folder of results that says of itself whether what wrote it came to its end."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: In the folder for as long as it is not whole. It is there from the start: a kill leaves it, too.
MARK: Final = "UNFINISHED.txt"


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Give the block an empty ``folder``. What an earlier one left there is removed at its end.

    Until then, and when it fails, that is beside it, as ``folder.previous``.
    """
    previous = folder.with_name(f"{folder.name}.previous")
    if folder.exists():
        if previous.exists() and not (folder / MARK).exists():
            shutil.rmtree(previous)
        if (folder / MARK).exists():
            shutil.rmtree(folder)
        else:
            folder.rename(previous)
    folder.mkdir(parents=True)
    mark = folder / MARK
    mark.write_text("What writes this folder is at work, failed or was interrupted.\n")
    yield
    mark.unlink()
    shutil.rmtree(previous, ignore_errors=True)
