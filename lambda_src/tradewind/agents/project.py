"""One request's view of a project: where its tools read inputs and leave artifacts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tradewind.contracts.errors import (
    ArtifactNotFound,
    DeadlineExceeded,
    StorageAccessDenied,
    TradewindError,
)
from tradewind.contracts.names import READS_FROM, AgentName, artifact_key
from tradewind.contracts.response import Artifact


class ArtifactStore(Protocol):
    """Where artifacts live. ``S3ArtifactStore`` deployed, ``MemoryArtifactStore`` in unit tests."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write an object.

        Raises:
            StorageError: The object could not be written.
        """

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises:
            ArtifactNotFound: There is no such object.
            StorageError: The object could not be read.
        """


class MemoryArtifactStore:
    """An ``ArtifactStore`` that keeps objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Keep ``body`` under ``key``."""
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        """Return what was kept under ``key``."""
        if key not in self.objects:
            raise ArtifactNotFound(f"There is no artifact {key}.")
        return self.objects[key]


@dataclass
class Project:
    """What the tools of one request share. Lives for that request only.

    Attributes:
        project_id: The folder of artifacts this request belongs to.
        agent: The agent at work; artifacts are written under its name only.
        parameters: The request's own ``parameters``, as sent.
        store: Where artifacts live.
        artifacts: What this request has written so far, in order.
        facts: Headline figures for the answer, such as ``aep_gwh``.
        failure: The first failure that no model can talk itself out of, such as lost storage. It
            fails the request, whatever the model makes of the tool's error.
    """

    project_id: str
    agent: AgentName
    parameters: Mapping[str, Any]
    store: ArtifactStore
    artifacts: list[Artifact] = field(default_factory=list)
    facts: dict[str, float | int | str] = field(default_factory=dict)
    failure: TradewindError | None = None
    _closed: bool = False

    def close(self) -> None:
        """Take no more artifacts: the request is over, though a tool may still be running."""
        self._closed = True

    def save(self, file_name: str, body: bytes, content_type: str) -> Artifact:
        """Write an artifact under this agent's name and note it for the answer.

        Raises:
            DeadlineExceeded: The request is over.
            StorageError: The artifact could not be written.
        """
        if self._closed:
            raise DeadlineExceeded(f"The request ended before {file_name} was written.")
        key = artifact_key(self.project_id, self.agent, file_name)
        self.store.put(key, body, content_type)
        artifact = Artifact(key=key, content_type=content_type, size_bytes=len(body))
        self.artifacts = [kept for kept in self.artifacts if kept.key != key] + [artifact]
        return artifact

    def load(self, agent: AgentName, file_name: str) -> bytes:
        """Read an artifact of this project that this agent may read: its own or a source's.

        Raises:
            ArtifactNotFound: It does not exist; the message names the agent to run first.
            StorageError: It could not be read.
        """
        if agent != self.agent and agent not in READS_FROM[self.agent]:
            raise StorageAccessDenied(f"The {self.agent} agent does not read from {agent}.")
        try:
            return self.store.get(artifact_key(self.project_id, agent, file_name))
        except ArtifactNotFound as missing:
            raise ArtifactNotFound(
                f"Project {self.project_id} has no {agent}/{file_name}. "
                f"Run the {agent} agent on this project first."
            ) from missing
