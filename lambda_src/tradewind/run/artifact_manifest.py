"""Each agent's manifest in a project: which artifacts it left, from which request, made from what.

One per agent, ``{project_id}/{agent}/manifest.json``, so that no agent needs to write outside of
its own prefix; who may read the agent's artifacts may read it, and puts the manifests together.

What exists is what storage lists. The manifest says where it comes from, of each artifact for
exactly the bytes it was written for (its etag): an artifact that somebody replaced since, or wrote
without closing their request, is listed without an origin, never with a wrong one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tradewind.contracts.errors import ArtifactNotFound, StorageUnavailable
from tradewind.contracts.names import artifact_key
from tradewind.run.artifact_store import ArtifactStore, Stored, WriteConflict

MANIFEST: Final = "manifest.json"
#: Each conflict is another request's success, so this many may close at once.
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an artifact comes from.

    Attributes:
        sha256: Of its bytes, in hexadecimal.
        size_bytes: Its size.
        content_type: Its media type.
        etag: Storage's own mark of these bytes.
        request_id: The request that wrote it.
        written_at: When, in UTC, ISO 8601.
        made_from: The artifacts that request had read by then, ``{agent}/{file}``, and the
            SHA-256 of each.
    """

    sha256: str
    size_bytes: int
    content_type: str
    etag: str
    request_id: str
    written_at: str
    made_from: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """An artifact that exists.

    Attributes:
        agent: Who left it.
        file_name: Its name under the agent's.
        stored: What storage says of it.
        origin: Where these very bytes come from, or None if no manifest tells.
    """

    agent: str
    file_name: str
    stored: Stored
    origin: Origin | None

    @property
    def name(self) -> str:
        """``{agent}/{file}``."""
        return f"{self.agent}/{self.file_name}"


def list_files(store: ArtifactStore, project_id: str, agent: str) -> Iterator[ProjectFile]:
    """List an agent's artifacts in a project with their origins, by name.

    Raises:
        StorageError: They could not be listed or read.
    """
    origins, _ = _read(store, project_id, agent)
    for file_name, stored in _listed(store, project_id, agent).items():
        origin = origins.get(file_name)
        known = origin if origin is not None and origin.etag == stored.etag else None
        yield ProjectFile(agent, file_name, stored, known)


def record(
    store: ArtifactStore, project_id: str, agent: str, written: Mapping[str, Origin]
) -> None:
    """Note in the agent's manifest what a request wrote.

    Requests may close at the same time: the manifest is replaced only as it was read, and read
    again when somebody was faster. Of a file that two of them wrote, the bytes that stayed decide.

    Args:
        store: Where the project lives.
        project_id: The project.
        agent: Who wrote.
        written: Each file's name and origin.

    Raises:
        StorageError: The manifest could not be read or written.
    """
    for _ in range(_ATTEMPTS):
        origins, etag = _read(store, project_id, agent)
        listed = _listed(store, project_id, agent)
        kept = {name: origin for name, origin in origins.items() if name in listed}
        kept |= {
            name: origin
            for name, origin in written.items()
            if name in listed and listed[name].etag == origin.etag
        }
        body = _as_json(project_id, agent, kept)
        try:
            store.replace(
                artifact_key(project_id, agent, MANIFEST), body, "application/json", etag=etag
            )
        except WriteConflict:
            continue
        return
    raise StorageUnavailable(
        f"Could not write {agent}/{MANIFEST}: other requests kept replacing it."
    )


def _listed(store: ArtifactStore, project_id: str, agent: str) -> dict[str, Stored]:
    prefix = artifact_key(project_id, agent, "")
    found = {stored.key.removeprefix(prefix): stored for stored in store.list(prefix)}
    found.pop(MANIFEST, None)
    return found


def _read(
    store: ArtifactStore, project_id: str, agent: str
) -> tuple[dict[str, Origin], str | None]:
    try:
        body, etag = store.get_with_etag(artifact_key(project_id, agent, MANIFEST))
    except ArtifactNotFound:
        return {}, None
    try:
        artifacts: dict[str, dict[str, Any]] = json.loads(body)["artifacts"]
        return {name: Origin(**origin) for name, origin in artifacts.items()}, etag
    except (ValueError, TypeError, KeyError, AttributeError):
        # Not as this module writes it, so it vouches for nothing; the next request writes it anew.
        return {}, etag


def _as_json(project_id: str, agent: str, origins: Mapping[str, Origin]) -> bytes:
    document = {
        "project_id": project_id,
        "agent": agent,
        "artifacts": {name: asdict(origins[name]) for name in sorted(origins)},
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
