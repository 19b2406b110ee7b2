"""A folder of results that is there when it is whole, and not before."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh(folder: Path, workshop: Path) -> Iterator[Path]:
    """Give the block an empty folder, which becomes ``folder`` when the block succeeds.

    Until then nothing is at ``folder``: what an earlier block left there is at
    ``folder.previous``, and stays there when this one fails or is killed. Unfinished results are
    in ``workshop`` then.

    Args:
        folder: Where the results are wanted.
        workshop: A folder, made when it is missing, in which they are put together.
    """
    previous = folder.with_name(f"{folder.name}.previous")
    partial = workshop / f"{folder.name}.partial"
    if folder.exists():
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    # Not a rename: the workshop may be on another disk.
    shutil.move(partial, folder)
    shutil.rmtree(previous, ignore_errors=True)
