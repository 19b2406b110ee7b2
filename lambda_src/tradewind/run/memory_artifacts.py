"""Artifacts in memory: a fake for tests, of agents as well as of this package.

It keeps to ``ArtifactStore``'s contract, conditional replacement included; nothing deployed uses
it.
"""

import hashlib

from tradewind.contracts.errors import ArtifactNotFound
from tradewind.run.artifact_store import WriteConflict


class MemoryArtifactStore:
    """An ``ArtifactStore`` that keeps objects in a dictionary. Each call is one step."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Keep ``body`` under ``key``."""
        self.objects[key] = body

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        """Keep ``body`` in place of what has ``etag``."""
        held = self.objects.get(key)
        if etag != (None if held is None else _etag(held)):
            raise WriteConflict(key)
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        """Return what was kept under ``key``."""
        return self.get_with_etag(key)[0]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return what was kept under ``key``, and its etag."""
        body = self.objects.get(key)
        if body is None:
            raise ArtifactNotFound(f"There is no artifact {key}.")
        return body, _etag(body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
