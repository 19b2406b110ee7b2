"""Where artifacts live, as the agents see it: a few operations on keys, and who wrote last."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """An object as a listing shows it.

    Attributes:
        key: Its key.
        etag: Changes with every write of other bytes; two equal ones mean the same bytes.
        size_bytes: Its size.
        modified_at: When it was last written.
    """

    key: str
    etag: str
    size_bytes: int
    modified_at: datetime


class WriteConflict(Exception):
    """The object is no longer the one that was to be replaced. Read it again, and try again."""


class ArtifactStore(Protocol):
    """Where artifacts live. ``S3ArtifactStore`` deployed, ``MemoryArtifactStore`` for tests."""

    def put(self, key: str, body: bytes, content_type: str) -> str:
        """Write an object, whatever is there, and return its etag.

        Raises:
            StorageError: The object could not be written.
        """

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> str:
        """Write an object only over the one with ``etag``, or only a new one with None.

        Raises:
            WriteConflict: Somebody else wrote in between; nothing was written.
            StorageError: The object could not be written.
        """

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises:
            ArtifactNotFound: There is no such object.
            StorageError: The object could not be read.
        """

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Read an object and the etag to ``replace`` it by. Raises: as ``get``."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """List the objects whose keys begin with ``prefix``, by key.

        Raises:
            StorageError: They could not be listed.
        """
