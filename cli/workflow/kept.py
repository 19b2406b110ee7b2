"""What a session's folder holds: how it stands, what it runs, what it has done, how it ended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cli.workflow.journal import read
from tradewind.workflow.engine.artifacts import Written
from tradewind.workflow.engine.errors import WorkflowError
from tradewind.workflow.engine.state import State

Status = Literal["running", "paused", "completed", "failed"]
STATUSES: Final[tuple[Status, ...]] = ("running", "paused", "completed", "failed")
ABOUT: Final = "session.json"
SNAPSHOT: Final = "snapshot.json"
STATE: Final = "state.jsonl"
OUTCOME: Final = "outcome.json"
#: Of the files' form.
_FORM: Final = 1


class SessionUnusable(WorkflowError):
    """There is no such session, or it cannot be gone on with."""

    exit_code = 17


class Kept(BaseModel):
    """What is read from a session's folder."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class About(Kept):
    """What a session is, and how it stands.

    Attributes:
        form: Of the files.
        id: Its id.
        workflow: The workflow's name.
        file: The path of its file.
        pattern: Its pattern's type.
        sha256: Of all that was read.
        out: Where its artifacts go.
        status: How it stands.
        started_at: ISO 8601, UTC.
        updated_at: The same, of the last change of ``status``.
        error: What it failed with.
    """

    form: Literal[1] = _FORM
    id: str
    workflow: str
    file: str
    pattern: str
    sha256: str
    out: str
    status: Status
    started_at: str
    updated_at: str
    error: str | None = None


class Snapshot(Kept):
    """The workflow's files as they were, by their paths, and what the run was given.

    Attributes:
        files: Their texts.
        variables: The run's, as they were given.
    """

    files: dict[str, str]
    variables: dict[str, Any]

    def contents(self) -> dict[Path, bytes]:
        """The files' bytes."""
        return {Path(name): text.encode() for name, text in self.files.items()}


class Outcome(Kept):
    """How a run ended well.

    Attributes:
        text: Its result.
        artifacts: The text of each, by its path.
    """

    text: str
    artifacts: dict[str, str]

    @classmethod
    def of(cls, text: str, artifacts: Sequence[Written]) -> "Outcome":
        """What is to be kept of a result; half characters are in no file."""
        return cls(text=_whole(text), artifacts={one.path: _whole(one.text) for one in artifacts})

    def written(self) -> list[Written]:
        """The artifacts."""
        return [Written(path, text) for path, text in self.artifacts.items()]


@dataclass(slots=True)
class Stored:
    """A session as it was kept."""

    about: About
    snapshot: Snapshot
    state: State
    outcome: Outcome | None


def now() -> str:
    """This moment, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def as_json(kept: Kept) -> bytes:
    """A file's content."""
    return json.dumps(kept.model_dump()).encode()


def read_stored(folder: Path, *, to_run: bool = False) -> tuple[Stored, int]:
    """A session as it was kept, and how many bytes of its state are whole.

    Args:
        folder: Its folder.
        to_run: Whether it is to be gone on with.

    Raises:
        SessionUnusable: It is corrupt; or completed, and to be gone on with.
    """
    about = read_about(folder)
    if to_run and about.status == "completed":
        raise SessionUnusable(f"session {about.id} is completed")
    try:
        snapshot = Snapshot.model_validate(_read(folder / SNAPSHOT))
        state, length = read((folder / STATE).read_bytes())
        outcome = None
        if (folder / OUTCOME).exists():
            outcome = Outcome.model_validate(_read(folder / OUTCOME))
    except (OSError, ValueError) as broken:
        raise _corrupt(folder, broken) from None
    return Stored(about, snapshot, state, outcome), length


def read_about(folder: Path) -> About:
    """What a session is.

    Raises:
        SessionUnusable: It is corrupt.
    """
    try:
        about = About.model_validate(_read(folder / ABOUT))
    except (OSError, ValueError) as broken:
        raise _corrupt(folder, broken) from None
    if about.id != folder.name:
        raise _corrupt(folder, ValueError("it has another's id"))
    return about


def _read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def _corrupt(folder: Path, why: Exception) -> SessionUnusable:
    if isinstance(why, ValidationError):
        place = ".".join(map(str, why.errors()[0]["loc"]))
        told = f"{place}: {why.errors()[0]['msg']}"
    else:
        told = getattr(why, "strerror", None) or str(why)
    return SessionUnusable(f"session {folder.name} is corrupt: {told}")


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
