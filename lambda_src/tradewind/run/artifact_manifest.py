"""Each agent's manifest in a project: which artifacts it left. What no manifest names is not there.

A request writes its files under keys of its own, which nobody ever overwrites, and switches
``{agent}/{project_id}/manifest.json`` last, in one conditional write. So whatever ends a request,
all that it leaves becomes visible at once, or nothing does. There is one manifest per agent, so
that no agent needs to write outside of its own prefix.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from pydantic import TypeAdapter

from tradewind.contracts.errors import (
    ArtifactNotFound,
    ProjectChanged,
    StorageError,
    StorageUnavailable,
)
from tradewind.contracts.names import artifact_key
from tradewind.run.artifact_store import ArtifactStore, WriteConflict
from tradewind.telemetry.logger import get_logger

MANIFEST: Final = "manifest.json"
#: Each conflict is another request's success, so this many may end at once.
_TRIES: Final = 20
#: So many switches of a manifest are remembered, for a write whose reply was lost to find its own.
_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """An artifact, as its manifest names it.

    Attributes:
        key: Where its bytes are.
        sha256: Of its bytes, in hexadecimal.
        size_bytes: Its size.
        content_type: Its media type.
        request_id: The request that wrote it.
        attempt: Which attempt at that request, unlike every other one's.
        call: Which of that attempt's tool calls.
        written_at: When, in UTC, ISO 8601.
        made_from: The artifacts that tool call had read by then, and what those of its own agent
            were made from: ``{agent}/{file}``, and the SHA-256 of each.
    """

    key: str
    sha256: str
    size_bytes: int
    content_type: str
    request_id: str
    attempt: str
    call: int
    written_at: str
    made_from: Mapping[str, str]


_ENTRIES: Final = TypeAdapter(dict[str, Entry])
_ATTEMPTS: Final = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """An artifact of a project.

    Attributes:
        agent: Who left it.
        file_name: Its name under the agent's.
        entry: What its manifest says.
    """

    agent: str
    file_name: str
    entry: Entry

    @property
    def name(self) -> str:
        """``{agent}/{file}``."""
        return f"{self.agent}/{self.file_name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An agent's manifest as it was at one moment.

    Attributes:
        entries: Each visible file's, by its name.
        etag: What to replace it by; None if there is none yet.
        attempts: Whose writes it has taken, the latest last, also where none of their files is
            left.
    """

    entries: Mapping[str, Entry]
    etag: str | None
    attempts: tuple[str, ...] = ()


@dataclass
class Snapshot:
    """A manifest as one request sees it from its first look to its end, and what it looked at.

    Files are immutable, so what it names stays readable while others write.

    Attributes:
        manifest: The manifest.
        looked_up: The names that were looked up, found or not.
        listed: Whether all of its names were seen.
    """

    manifest: Manifest
    looked_up: set[str] = field(default_factory=set)
    listed: bool = False

    def find(self, file_name: str) -> Entry | None:
        """Look a file up."""
        self.looked_up.add(file_name)
        return self.manifest.entries.get(file_name)

    def list_all(self) -> Mapping[str, Entry]:
        """Look at all files."""
        self.listed = True
        return self.manifest.entries

    def changed_in(self, newer: Manifest) -> list[str]:
        """Of what was looked at, the names that are no longer as they were."""
        seen, now = self.manifest.entries, newer.entries
        names = seen.keys() | now.keys() if self.listed else self.looked_up
        return sorted(name for name in names if seen.get(name) != now.get(name))


def read_manifest(store: ArtifactStore, project_id: str, agent: str) -> Manifest:
    """Read an agent's manifest; an agent that has left nothing has an empty one.

    Raises:
        StorageError: It could not be read.
    """
    try:
        body, etag = store.get_with_etag(artifact_key(project_id, agent, MANIFEST))
    except ArtifactNotFound:
        return Manifest({}, None)
    try:
        document = json.loads(body)
        entries = _ENTRIES.validate_python(document["artifacts"])
        attempts = _ATTEMPTS.validate_python(document.get("attempts", ()))
    except (ValueError, TypeError, KeyError):
        entries = None
    own = artifact_key(project_id, agent, "")
    if entries is None or not all(entry.key.startswith(own) for entry in entries.values()):
        # Not as this module writes it: it names nothing, and the next request writes it anew.
        get_logger().warning("Manifest not readable", manifest=f"{agent}/{MANIFEST}")
        return Manifest({}, etag)
    return Manifest(entries, etag, attempts)


def commit(
    store: ArtifactStore,
    project_id: str,
    agent: str,
    written: Mapping[str, Entry],
    seen: Snapshot | None,
) -> None:
    """Make a request's files visible, all at once, as if it had run after all that came before it.

    The manifest is replaced only as it was read. When somebody was faster it is read again: what
    they left stays, unless this request replaces it.

    Args:
        store: Where the project lives.
        project_id: The project.
        agent: Who wrote.
        written: Each file's name and entry, all of one request; at least one.
        seen: What the request saw of the agent's manifest, if it looked.

    Raises:
        ProjectChanged: What the request has seen of the agent's files was replaced meanwhile.
        StorageError: The manifest could not be read or written.
    """
    # Of a request that asked a person, the latest attempt that left something; no other commits.
    attempt = [entry.attempt for entry in written.values()][-1]
    manifest = seen.manifest if seen else read_manifest(store, project_id, agent)
    for _ in range(_TRIES):
        changed = seen.changed_in(manifest) if seen else []
        if changed:
            raise ProjectChanged(
                f"Another request replaced {agent}/{changed[0]} while this one worked on it. This "
                "one left nothing; send it again."
            )
        try:
            store.replace(
                artifact_key(project_id, agent, MANIFEST),
                _as_json(project_id, agent, manifest, written, attempt),
                "application/json",
                etag=manifest.etag,
            )
        except WriteConflict:
            manifest = read_manifest(store, project_id, agent)
        except StorageError:
            if attempt not in read_manifest(store, project_id, agent).attempts:
                raise
            return  # it was written, and its reply was lost
        else:
            return
        if attempt in manifest.attempts:
            return  # an earlier try of this very write was faster
    raise StorageUnavailable(
        f"Could not write {agent}/{MANIFEST}: other requests kept replacing it."
    )


def _as_json(
    project_id: str, agent: str, before: Manifest, written: Mapping[str, Entry], attempt: str
) -> bytes:
    entries = {**before.entries, **written}
    document = {
        "project_id": project_id,
        "agent": agent,
        "artifacts": {name: asdict(entries[name]) for name in sorted(entries)},
        "attempts": (*before.attempts, attempt)[-_REMEMBERED:],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
