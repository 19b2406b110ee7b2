"""One at a time: two commands that deploy would share ``out/`` and the embedded AWS."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one command. The kernel lets go of it however the command ends.

    Raises:
        CommandError: Another command holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tradewind.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                "Another `tradewind demo`, `up`, `deploy` or `destroy` is at work here. "
                "Wait until it is done."
            ) from None
        yield
