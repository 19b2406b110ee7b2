"""One request's view of a project: where its tools read inputs and leave artifacts."""

import hashlib
import math
import re
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    InternalError,
    StorageAccessDenied,
    StorageUnavailable,
    ToolInputError,
    TradewindError,
)
from tradewind.contracts.moments import iso
from tradewind.contracts.names import artifact_key
from tradewind.contracts.response import Artifact
from tradewind.contracts.texts import all_well_formed
from tradewind.run import artifact_manifest
from tradewind.run.artifact_manifest import Entry, ProjectFile, Snapshot
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.project_state import ProjectState
from tradewind.run.tool_call import CURRENT_CALL, Fact, ToolCall
from tradewind.telemetry.logger import get_logger

#: Without a slash: a file lies in the folder of the attempt that wrote it.
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: Of a project id that does not exist, as much is repeated.
_SHOWN_ID_LENGTH: Final = 80


@dataclass
class Project:
    """What the tools of one request share. Lives for that request only.

    Tools leave artifacts and figures within a tool call. They count once the call has succeeded,
    and others see them once the request has: see ``commit``.

    Attributes:
        project_id: The folder of artifacts this request belongs to.
        agent: The agent at work; artifacts are written under its name only.
        parameters: The request's own ``parameters``, as sent.
        store: Where artifacts live.
        reads_from: The agents whose artifacts this one may read, in the order of their work.
        request_id: The request at work.
        attempt: Unlike every other attempt's, at this request or another: files are written under
            it, so that a repeat never touches what a reader may see.
        failure: The first failure that no model can talk itself out of, such as lost storage. It
            fails the request, whatever the model makes of the tool's error.
        may_ask: Whether the request can wait for a person whom a tool asks.
    """

    project_id: str
    agent: str
    parameters: Mapping[str, Any]
    store: ArtifactStore
    reads_from: tuple[str, ...] = ()
    request_id: str = ""
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    failure: TradewindError | None = None
    may_ask: bool = False
    _files: dict[str, Entry] = field(default_factory=dict)
    _facts: dict[str, Fact] = field(default_factory=dict)
    _snapshots: dict[str, Snapshot] = field(default_factory=dict)
    _calls: int = 0
    _closed: bool = False
    #: Guards what is above, and is never held while storage is asked.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _reading: threading.Lock = field(default_factory=threading.Lock, repr=False)

    # A request's life.

    def begin_call(self) -> None:
        """Begin a tool call in this context. ``end_call`` ends it there."""
        with self._lock:
            self._calls += 1
            CURRENT_CALL.set(ToolCall(self.attempt, self._calls))

    def end_call(self, *, succeeded: bool) -> None:
        """End this context's tool call. What it left counts if it succeeded before the end."""
        call = CURRENT_CALL.get()
        CURRENT_CALL.set(None)
        if call is None or call.attempt != self.attempt or not succeeded:
            return
        with self._lock:
            if not self._closed:
                for name, entry in call.files.items():
                    self._files.pop(name, None)  # the latest last
                    self._files[name] = entry
                self._facts |= call.facts

    @contextmanager
    def tool_call(self) -> Iterator[None]:
        """Do a tool call's work: all that it leaves counts, or nothing of it if it raises."""
        self.begin_call()
        succeeded = False
        try:
            yield
            succeeded = True
        finally:
            self.end_call(succeeded=succeeded)

    def close(self) -> None:
        """Take nothing more: the request is over, though a tool may still be running."""
        with self._lock:
            self._closed = True

    def commit(self) -> None:
        """Make what the finished tool calls left visible to others, all at once.

        Raises:
            ProjectChanged: What the request had read of its own agent's files was replaced
                meanwhile. It leaves nothing.
            StorageError: The manifest could not be read or written. The request leaves nothing,
                unless it was written and nobody can tell.
        """
        self.close()
        if not self._files:
            return
        try:
            artifact_manifest.commit(
                self.store,
                self.project_id,
                self.agent,
                self._files,
                self._snapshots.get(self.agent),
            )
        except DeadlineExceeded as late:
            self.discard()
            raise StorageUnavailable(
                f"{self.agent}/{artifact_manifest.MANIFEST} was not written in the time kept back."
            ) from late
        except Exception:
            self.discard()
            raise

    def state(self) -> ProjectState:
        """What the request has read and left so far. It takes nothing more then."""
        self.close()
        return ProjectState({**self._files}, {**self._facts}, {**self._snapshots})

    def restore(self, state: ProjectState) -> None:
        """Begin where an earlier run of the request has ended."""
        self._files |= state.files
        self._facts |= state.facts
        self._snapshots |= state.snapshots

    def discard(self) -> None:
        """Leave nothing: neither artifacts nor figures."""
        self.close()
        self._files.clear()
        self._facts.clear()

    def fail(self, failure: TradewindError) -> None:
        """Fail the request with ``failure``, unless it has failed before."""
        if self.failure is None:
            self.failure = failure

    # What the answer says.

    @property
    def artifacts(self) -> list[Artifact]:
        """What this request's finished tool calls have left, in order."""
        return [_artifact(entry) for entry in self._files.values()]

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The headline figures for the answer, such as ``aep_gwh``."""
        return self._facts

    # For tools.

    def report_facts(self, **facts: Fact) -> None:
        """Put headline figures into the answer. A later figure replaces one of the same name.

        Raises:
            DeadlineExceeded: The request is over.
            TypeError: A figure is neither a number nor text.
            ValueError: A number is NaN or infinite, which JSON lacks.
            OverflowError: A number is beyond what a float holds.
        """
        call = self._call_at_work("its figures were reported")
        for name, value in facts.items():
            if not isinstance(value, float | int | str):
                raise TypeError(f"The fact {name} is a {type(value).__name__}, no number or text.")
            if not isinstance(value, str) and not math.isfinite(value):
                raise ValueError(f"The fact {name} is {value}, which JSON lacks.")
        call.facts |= all_well_formed(facts)

    def save(self, file_name: str, body: bytes, content_type: str) -> Artifact:
        """Write an artifact under this agent's name.

        Raises:
            DeadlineExceeded: The request is over.
            ValueError: The name is no plain file name.
            StorageError: The artifact could not be written.
        """
        call = self._call_at_work(f"{file_name} was written")
        if not _FILE_NAME.fullmatch(file_name):
            raise ValueError(f"{file_name[:_SHOWN_ID_LENGTH]!r} is no plain file name.")
        folder = f"{self.request_id}-{self.attempt}-{call.number}"
        entry = Entry(
            key=artifact_key(self.project_id, self.agent, f"{folder}/{file_name}"),
            sha256=hashlib.sha256(body).hexdigest(),
            size_bytes=len(body),
            content_type=content_type,
            request_id=self.request_id,
            attempt=self.attempt,
            call=call.number,
            written_at=iso(time.time()),
            made_from=call.made_from,
        )
        self.store.put(entry.key, body, content_type)
        call.files.pop(file_name, None)
        call.files[file_name] = entry
        return _artifact(entry)

    def load(self, agent: str, file_name: str) -> bytes:
        """Read an artifact of this project. See ``read``."""
        return self.read(agent, file_name)[1]

    def read(self, agent: str, file_name: str) -> tuple[ProjectFile, bytes]:
        """Read an artifact that this agent may read, its own or a source's, as ``find`` finds it.

        Raises:
            ArtifactNotFound: It does not exist, or storage has no longer what was written; the
                message names the agent to run first.
            StorageError: It could not be read.
        """
        file = self.require(agent, file_name)
        run_again = f"Run the {agent} agent on this project again."
        try:
            body = self.store.get(file.entry.key)
        except ArtifactNotFound as expired:
            raise ArtifactNotFound(
                f"Project {self.project_id} no longer holds {file.name}. {run_again}"
            ) from expired
        if hashlib.sha256(body).hexdigest() != file.entry.sha256:
            get_logger().error("Artifact is not what was written", artifact=file.name)
            raise ArtifactNotFound(
                f"{file.name} of project {self.project_id} is not what was written. {run_again}"
            )
        call = CURRENT_CALL.get()
        if call is not None:
            call.note_read(file, own=agent == self.agent)
        return file, body

    def require(self, agent: str, file_name: str) -> ProjectFile:
        """Find a file that has to exist.

        Raises:
            ArtifactNotFound: It does not exist; the message names the agent to run first.
            StorageError: It could not be found out.
        """
        file = self.find(agent, file_name)
        if file is None:
            raise ArtifactNotFound(
                f"Project {self.project_id} has no {agent}/{file_name}. "
                f"Run the {agent} agent on this project first."
            )
        return file

    def find(self, agent: str, file_name: str) -> ProjectFile | None:
        """Find a file of an agent that this one reads, as it was at the request's first look.

        Of the agent's own files: as this tool call, or an earlier one of the request, left it.

        Raises:
            DeadlineExceeded: The request is over.
            StorageError: It could not be found out.
        """
        snapshot = self._snapshot(agent)
        own = self._own_files(agent)
        with self._lock:
            self._require_open(f"{agent}/{file_name} was read")
            entry = own.get(file_name) or snapshot.find(file_name)
        return ProjectFile(agent, file_name, entry) if entry else None

    def files(self) -> list[ProjectFile]:
        """List the files of the agents that this one reads, as ``find`` finds them.

        Raises:
            StorageError: They could not be listed.
        """
        listed: list[ProjectFile] = []
        for agent in self.readable:
            snapshot = self._snapshot(agent)
            own = self._own_files(agent)
            with self._lock:
                self._require_open("its files were listed")
                entries = {**snapshot.list_all(), **own}
            listed += [ProjectFile(agent, name, entries[name]) for name in sorted(entries)]
        return listed

    @property
    def readable(self) -> tuple[str, ...]:
        """The agents whose artifacts this one reads, in the order of their work."""
        return (*self.reads_from, self.agent)

    def require_id(self, project_id: str | None) -> None:
        """Refuse a project id that is not the request's own; a model may have made it up.

        Raises:
            ToolInputError: It is another one; the message names the one that exists.
        """
        if project_id is not None and project_id != self.project_id:
            raise ToolInputError(
                f"There is no project {project_id[:_SHOWN_ID_LENGTH]!r} for this request. The one "
                f"that exists is {self.project_id}; leave project_id out to work on it.",
                field="project_id",
            )

    def _call_at_work(self, what: str) -> ToolCall:
        self._require_open(what)
        call = CURRENT_CALL.get()
        if call is None or call.attempt != self.attempt:
            # Such as a thread that a tool started: nobody could tell whether its call succeeds.
            raise InternalError(f"Outside of a tool call, before {what}: nothing is taken there.")
        return call

    def _require_open(self, what: str) -> None:
        if self._closed:
            raise DeadlineExceeded(f"The request ended before {what}.")

    def _own_files(self, agent: str) -> dict[str, Entry]:
        """What this request has left so far, as the tool call at work sees it."""
        if agent != self.agent:
            return {}
        call = CURRENT_CALL.get()
        with self._lock:
            return {**self._files, **(call.files if call else {})}

    def _snapshot(self, agent: str) -> Snapshot:
        if agent not in self.readable:
            raise StorageAccessDenied(f"The {self.agent} agent does not read from {agent}.")
        with self._reading:
            if agent not in self._snapshots:
                manifest = artifact_manifest.read_manifest(self.store, self.project_id, agent)
                self._snapshots[agent] = Snapshot(manifest)
            return self._snapshots[agent]


def _artifact(entry: Entry) -> Artifact:
    return Artifact(key=entry.key, content_type=entry.content_type, size_bytes=entry.size_bytes)
