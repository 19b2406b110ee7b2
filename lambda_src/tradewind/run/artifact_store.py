"""Where artifacts live, as the agents see it: a few operations on keys, and who wrote last."""

from typing import Protocol


class WriteConflict(Exception):
    """The object is no longer the one that was to be replaced. Read it again, and try again."""


class ArtifactStore(Protocol):
    """Where artifacts live. ``S3ArtifactStore`` deployed, ``MemoryArtifactStore`` for tests."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write an object, whatever is there.

        Raises:
            StorageError: The object could not be written.
        """

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        """Write an object only over the one with ``etag``, or only a new one with None.

        Raises:
            WriteConflict: Somebody else wrote in between, or an earlier try of this very write
                did whose reply was lost; nothing was written now.
            StorageError: It is not known whether the object was written.
        """

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises:
            ArtifactNotFound: There is no such object.
            StorageError: The object could not be read.
        """

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Read an object and the etag to ``replace`` it by. Raises: as ``get``."""
