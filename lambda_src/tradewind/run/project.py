"""One request's view of a project: where its tools read inputs and leave artifacts."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    StorageAccessDenied,
    ToolInputError,
    TradewindError,
)
from tradewind.contracts.names import artifact_key
from tradewind.contracts.response import Artifact
from tradewind.contracts.texts import all_well_formed
from tradewind.run import artifact_manifest
from tradewind.run.artifact_manifest import Origin, ProjectFile
from tradewind.run.artifact_store import ArtifactStore

#: A headline figure of an answer.
Fact = float | int | str

#: Of a project id that does not exist, as much is repeated.
_SHOWN_ID_LENGTH: Final = 80


@dataclass
class Project:
    """What the tools of one request share. Lives for that request only.

    Attributes:
        project_id: The folder of artifacts this request belongs to.
        agent: The agent at work; artifacts are written under its name only.
        parameters: The request's own ``parameters``, as sent.
        store: Where artifacts live.
        reads_from: The agents whose artifacts this one may read, in the order of their work.
        artifacts: What this request has written so far, in order.
        failure: The first failure that no model can talk itself out of, such as lost storage. It
            fails the request, whatever the model makes of the tool's error.
        request_id: The request at work.
        inputs: What this request has read of the project so far, ``{agent}/{file}``, and the
            SHA-256 of each. An artifact counts as made from what was read before it was written.
    """

    project_id: str
    agent: str
    parameters: Mapping[str, Any]
    store: ArtifactStore
    reads_from: tuple[str, ...] = ()
    artifacts: list[Artifact] = field(default_factory=list)
    failure: TradewindError | None = None
    request_id: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    _facts: dict[str, Fact] = field(default_factory=dict)
    _written: dict[str, Origin] = field(default_factory=dict)
    _closed: bool = False

    def close(self) -> None:
        """Take nothing more: the request is over, though a tool may still be running."""
        self._closed = True

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The headline figures for the answer, such as ``aep_gwh``."""
        return self._facts

    def report_facts(self, **facts: Fact) -> None:
        """Put headline figures into the answer. A later figure replaces one of the same name.

        Raises:
            DeadlineExceeded: The request is over.
            TypeError: A figure is neither a number nor text.
            ValueError: A number is NaN or infinite, which JSON lacks.
            OverflowError: A number is beyond what a float holds.
        """
        if self._closed:
            raise DeadlineExceeded("The request ended before its figures were reported.")
        for name, value in facts.items():
            if not isinstance(value, float | int | str):
                raise TypeError(f"The fact {name} is a {type(value).__name__}, no number or text.")
            if not isinstance(value, str) and not math.isfinite(value):
                raise ValueError(f"The fact {name} is {value}, which JSON lacks.")
        self._facts |= all_well_formed(facts)

    def fail(self, failure: TradewindError) -> None:
        """Fail the request with ``failure``, unless it has failed before."""
        if self.failure is None:
            self.failure = failure

    def save(self, file_name: str, body: bytes, content_type: str) -> Artifact:
        """Write an artifact under this agent's name and note it for the answer.

        Raises:
            DeadlineExceeded: The request is over.
            StorageError: The artifact could not be written.
        """
        if self._closed:
            raise DeadlineExceeded(f"The request ended before {file_name} was written.")
        key = artifact_key(self.project_id, self.agent, file_name)
        made_from = dict(self.inputs)
        etag = self.store.put(key, body, content_type)
        self._written[file_name] = Origin(
            sha256=hashlib.sha256(body).hexdigest(),
            size_bytes=len(body),
            content_type=content_type,
            etag=etag,
            request_id=self.request_id,
            written_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            made_from=made_from,
        )
        artifact = Artifact(key=key, content_type=content_type, size_bytes=len(body))
        self.artifacts = [kept for kept in self.artifacts if kept.key != key] + [artifact]
        return artifact

    def load(self, agent: str, file_name: str) -> bytes:
        """Read an artifact of this project that this agent may read: its own or a source's.

        Raises:
            ArtifactNotFound: It does not exist; the message names the agent to run first.
            StorageError: It could not be read.
        """
        if agent not in self.readable:
            raise StorageAccessDenied(f"The {self.agent} agent does not read from {agent}.")
        try:
            body = self.store.get(artifact_key(self.project_id, agent, file_name))
        except ArtifactNotFound as missing:
            raise ArtifactNotFound(
                f"Project {self.project_id} has no {agent}/{file_name}. "
                f"Run the {agent} agent on this project first."
            ) from missing
        self.inputs[f"{agent}/{file_name}"] = hashlib.sha256(body).hexdigest()
        return body

    @property
    def readable(self) -> tuple[str, ...]:
        """The agents whose artifacts this one reads, in the order of their work."""
        return (*self.reads_from, self.agent)

    def files(self) -> list[ProjectFile]:
        """List what the project holds of the agents that this one reads, with its origins.

        Raises:
            StorageError: It could not be listed.
        """
        return [
            file
            for agent in self.readable
            for file in artifact_manifest.list_files(self.store, self.project_id, agent)
        ]

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

    def record_artifacts(self) -> None:
        """Note what this request wrote in the agent's manifest. To be called when it is over.

        Raises:
            StorageError: The manifest could not be read or written.
        """
        if self._written:
            artifact_manifest.record(self.store, self.project_id, self.agent, self._written)
