"""Runs that are kept: a folder each, in the user's folder of data.

::

    sessions/<id>/session.json    what it is, and how it stands
                  snapshot.json   the workflow's files as they were, and what the run was given
                  state.jsonl     what is done, a line for each step
                  outcome.json    its result and its artifacts, once it has them
                  lock            held by the process that runs it

Whoever has the lock runs it; the kernel lets go of it however the process ends.
"""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cli.workflow.disk import Disk
from cli.workflow.journal import Journal
from cli.workflow.kept import (
    ABOUT,
    OUTCOME,
    SNAPSHOT,
    STATE,
    About,
    Outcome,
    SessionUnusable,
    Snapshot,
    Status,
    Stored,
    as_json,
    now,
    read_about,
    read_stored,
)
from tradewind.workflow.engine.errors import ArtifactFailed
from tradewind.workflow.engine.state import State

LOCK: Final = "lock"
#: A listing looks at a lock for a moment: whoever is to hold it tries this often.
_TRIES: Final = 20
_BETWEEN_TRIES_S: Final = 0.02
_HOUR_S: Final = 3600
_CUT_SHORT: Final = "it was cut short"


class Session:
    """A run that is kept, and is this process's."""

    def __init__(self, folder: Path, about: About, lock: int, disk: Disk) -> None:
        self.folder = folder
        self.about = about
        self._lock: int | None = lock
        self._disk = disk
        self._journal: Journal | None = None
        self._file: int | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return self.about.id

    def begin(self, state: State, length: int = 0) -> None:
        """Keep a state from now on, after ``length`` bytes that were kept of it before."""
        self._journal = Journal(state)
        self._file = os.open(self.folder / STATE, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        # What was cut short in the middle of a line.
        os.ftruncate(self._file, length)

    def save(self, state: State) -> None:
        """Keep what is new in the state.

        Raises:
            ArtifactFailed: It cannot be written.
        """
        if self._journal is None or self._file is None:
            raise ArtifactFailed(f"session {self.id} is kept no more")
        journal, self._journal = self._journal, None
        with _writing(self.folder):
            self._disk.add(self._file, journal.line(state))
        # Not after a failure: a line that is half written must stay the last.
        self._journal = journal

    def keep(self, outcome: Outcome) -> None:
        """Keep how the run ended."""
        with _writing(self.folder):
            self._disk.write(self.folder / OUTCOME, as_json(outcome))

    def stand(self, status: Status, error: str | None = None) -> None:
        """Say how it stands."""
        changed = {"status": status, "updated_at": now(), "error": error}
        self.about = self.about.model_copy(update=changed)
        with _writing(self.folder):
            self._disk.write(self.folder / ABOUT, as_json(self.about))

    def close(self) -> None:
        """Let go of it; more than once is no harm."""
        for opened in filter(None, (self._file, self._lock)):
            os.close(opened)
        self._file = self._lock = None


class Sessions:
    """The sessions of a user.

    Args:
        folder: Theirs.
        disk: What writes.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or Disk()

    def create(self, about: About, snapshot: Snapshot, state: State) -> Session:
        """Begin a session; it is there whole, or not at all.

        Raises:
            ArtifactFailed: It cannot be written.
        """
        disk, making = self._disk, self.folder / f".new-{about.id}"
        with _writing(self.folder):
            disk.make_folder(making)
            lock = disk.create(making / LOCK)
            session = Session(self.folder / about.id, about, lock, disk)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(disk.create(making / STATE))
                disk.write(making / SNAPSHOT, as_json(snapshot))
                disk.write(making / ABOUT, as_json(about))
                disk.rename(making, session.folder)
                session.begin(state)
            except BaseException:
                session.close()
                raise
        return session

    def resume(self, session_id: str) -> tuple[Session, Stored]:
        """Go on with a session.

        Raises:
            SessionUnusable: There is none, it is broken, completed, or another process's.
        """
        folder = self._found(session_id)
        lock = self._held(folder)
        try:
            stored, length = read_stored(folder, to_run=True)
            session = Session(folder, stored.about, lock, self._disk)
            session.begin(stored.state, length)
        except BaseException:
            os.close(lock)
            raise
        return session, stored

    def look(self, session_id: str) -> Stored:
        """A session as it stands, without holding it.

        Raises:
            SessionUnusable: There is none, or it is broken.
        """
        folder = self._found(session_id)
        stored, _ = read_stored(folder)
        stored.about = _as_it_stands(folder, stored.about)
        return stored

    def all(self) -> tuple[list[About], list[str]]:
        """All sessions, the newest first; and the ids of those that cannot be read."""
        sound, broken = [], []
        for folder in self._folders():
            try:
                sound.append(_as_it_stands(folder, read_about(folder)))
            except SessionUnusable:
                broken.append(folder.name)
        sound.sort(key=lambda about: (about.started_at, about.id), reverse=True)
        return sound, sorted(broken)

    def delete(self, session_id: str) -> None:
        """Delete a session.

        Raises:
            SessionUnusable: There is none, or a process runs it.
        """
        folder = self._found(session_id)
        lock = self._held(folder)
        try:
            with _writing(self.folder):
                gone = self.folder / f".gone-{session_id}-{secrets.token_hex(4)}"
                self._disk.rename(folder, gone)
                shutil.rmtree(gone)
        finally:
            os.close(lock)

    def sweep(self) -> None:
        """Remove what creating and deleting left when they were cut short, an hour ago or more."""
        if not self.folder.is_dir():
            return
        for folder in self.folder.glob(".*-*"):
            # Both take no time: what is older is nobody's.
            with suppress(OSError):
                if time.time() - folder.lstat().st_mtime > _HOUR_S:
                    shutil.rmtree(folder)

    def age_s(self, session_id: str) -> float:
        """Seconds since a session changed."""
        folder = self.folder / session_id
        files = [folder, *(folder / name for name in (ABOUT, STATE))]
        return time.time() - max(one.lstat().st_mtime for one in files if one.exists())

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (one for one in self.folder.iterdir() if one.is_dir() and one.name[0] != ".")

    def _found(self, session_id: str) -> Path:
        folder = self.folder / session_id
        plain = session_id.replace("-", "").isalnum() and session_id.isascii()
        if not plain or not folder.is_dir():
            raise SessionUnusable(f"there is no session {session_id!r}")
        return folder

    def _held(self, folder: Path) -> int:
        """The lock of a session, which is this process's then."""
        try:
            lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as failed:
            raise SessionUnusable(f"session {folder.name}: {failed.strerror}") from None
        fault = None
        try:
            taken = _is_taken(lock)
        except OSError as failed:  # a disk that knows no locks
            taken, fault = False, f"session {folder.name} cannot be locked: {failed.strerror}"
        if not taken:
            fault = fault or f"session {folder.name} is run by another process now"
        elif not _is_file(lock, folder / LOCK):
            # It was deleted before the lock was this process's.
            fault = f"there is no session {folder.name!r}"
        if fault is None:
            return lock
        os.close(lock)
        raise SessionUnusable(fault)


def _is_taken(lock: int) -> bool:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(_BETWEEN_TRIES_S)
        else:
            return True
    return False


def _is_file(opened: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), file.lstat())
    except OSError:
        return False


def data_folder(environ: Mapping[str, str]) -> Path:
    """Where a user's data is (the XDG base directories)."""
    given = environ.get("XDG_DATA_HOME", "")
    # A relative one is to be passed over, the specification says.
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "share"
    return base / "tradewind"


def sessions_of(environ: Mapping[str, str], disk: Disk | None = None) -> Sessions:
    """The user's sessions."""
    return Sessions(data_folder(environ) / "sessions", disk)


def new_id() -> str:
    """An id that sorts by its time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def _as_it_stands(folder: Path, about: About) -> About:
    """A session that says it runs, and is nobody's, was cut short."""
    if about.status != "running" or _is_held(folder):
        return about
    return about.model_copy(update={"status": "failed", "error": _CUT_SHORT})


def _is_held(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        raise ArtifactFailed(
            f"the session cannot be written in {folder}: {failed.strerror or failed}; "
            "--no-save-session runs without one"
        ) from None
