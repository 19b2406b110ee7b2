"""Artifacts in memory: a fake for tests, of agents as well as of this package.

It keeps to ``ArtifactStore``'s contract, conditional replacement included; nothing deployed uses
it.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.artifact_store import Stored, WriteConflict


class MemoryArtifactStore:
    """An ``ArtifactStore`` that keeps objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, content_type: str) -> str:
        """Keep ``body`` under ``key``."""
        self.objects[key] = body
        return _etag(body)

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> str:
        """Keep ``body`` in place of what has ``etag``."""
        held = self.objects.get(key)
        if etag != (None if held is None else _etag(held)):
            raise WriteConflict(key)
        return self.put(key, body, content_type)

    def get(self, key: str) -> bytes:
        """Return what was kept under ``key``."""
        if key not in self.objects:
            raise ArtifactNotFound(f"There is no artifact {key}.")
        return self.objects[key]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return what was kept under ``key``, and its etag."""
        body = self.get(key)
        return body, _etag(body)

    def list(self, prefix: str) -> Iterator[Stored]:
        """List what was kept. The dictionary knows no times: all are the epoch."""
        for key, body in sorted(self.objects.items()):
            if key.startswith(prefix):
                yield Stored(key, _etag(body), len(body), datetime.fromtimestamp(0, UTC))


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
