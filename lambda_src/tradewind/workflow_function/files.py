"""Where a function finds workflow files: in its bundle, and in a bucket where it may."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from tradewind.contracts.errors import InvalidRequest, StorageAccessDenied, StorageUnavailable
from tradewind.contracts.names import WORKFLOW_NAME_PATTERN, WORKFLOWS_PREFIX
from tradewind.run.services import aws_client
from tradewind.workflow.spec.problem import closest

SUFFIXES: Final = (".yaml", ".yml", ".json")
#: Bytes of a file in the bucket. Those in the bundle are as long as the format lets them be.
MAX_BYTES: Final = 1_000_000
#: Files of the bucket that a process keeps.
_MOST_KEPT: Final = 32
_UNCHANGED: Final = "304"
_FORBIDDEN: Final = frozenset({"AccessDenied", "AccessDeniedException", "403"})
#: 416: the object is empty, so that it has not even a first byte.
_NOTHING: Final = frozenset({"NoSuchKey", "404", "InvalidRange", "416"})


@dataclass(frozen=True)
class Found:
    """An object of the bucket.

    Attributes:
        body: Its first bytes, one more than ``MAX_BYTES`` if it has more.
        etag: Another one once it is changed.
    """

    body: bytes
    etag: str


#: Reads an object of a bucket: given the bucket, its key and the etag of what is known of it, if
#: anything is. Gives None where it is unchanged, and raises ``KeyError`` where there is none.
ReadObject = Callable[[str, str, str | None], Found | None]


def read_object(bucket: str, key: str, etag: str | None) -> Found | None:
    """Read an object with this function's role.

    Raises:
        KeyError: There is none, or it is empty.
        StorageError: It cannot be read.
    """
    unless = {} if etag is None else {"IfNoneMatch": etag}
    try:
        found = _s3().get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{MAX_BYTES}", **unless)
        return Found(found["Body"].read(), found["ETag"])
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {_UNCHANGED, "NotModified"}:
            return None
        if code in _NOTHING:
            raise KeyError(key) from error
        if code in _FORBIDDEN and _is_missing(bucket, key):
            raise KeyError(key) from error
        if code in _FORBIDDEN:
            raise StorageAccessDenied(f"The function's role may not read {key}.") from error
        raise StorageUnavailable(f"Could not read {key}: {code}.") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StorageUnavailable(f"Could not read {key}: {type(error).__name__}.") from error


def _is_missing(bucket: str, key: str) -> bool:
    """Whether it is not there. S3 says that of nothing to a role that may not list all of it."""
    try:
        listed = _s3().list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except (ClientError, BotoCoreError):
        return False
    return all(found["Key"] != key for found in listed.get("Contents", []))


@dataclass
class WorkflowFiles:
    """The workflows that a function has. Safe for threads.

    A file of the bundle was reviewed and checked before it was deployed: none of the bucket takes
    its place.

    Attributes:
        folder: Of the bundle's.
        read: Reads the bucket's.
    """

    folder: Path
    read: ReadObject = read_object
    _kept: dict[tuple[str, str], Found] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The bundle's."""
        if not self.folder.is_dir():
            return []
        return sorted({file.stem for file in self.folder.iterdir() if file.suffix in SUFFIXES})

    def find(self, name: str, bucket: str | None, scratch: Path) -> Path:
        """The file of a workflow.

        Args:
            name: The workflow's: the file's name, without what it ends in.
            bucket: Where else it may be; None for nowhere.
            scratch: A folder for a copy of one that is in the bucket.

        Raises:
            InvalidRequest: There is none of this name, or it is too long.
            StorageError: The bucket cannot be read.
        """
        fits = re.fullmatch(WORKFLOW_NAME_PATTERN, name) is not None
        for suffix in SUFFIXES if fits else ():
            if (file := self.folder / f"{name}{suffix}").is_file():
                return file
        body = self._in_bucket(bucket, name) if fits and bucket is not None else None
        if body is None:
            names = self.names()
            shown = ", ".join(names) or "none"
            near = closest(name, names)
            raise InvalidRequest(
                f"query: There is no workflow of this name{near}. Those here are {shown}.",
                field="query",
            )
        copy = scratch / f"{name}.yaml"
        copy.write_bytes(body)
        return copy

    def _in_bucket(self, bucket: str, name: str) -> bytes | None:
        key = f"{WORKFLOWS_PREFIX}{name}.yaml"
        known = self._kept.get((bucket, key))
        try:
            found = self.read(bucket, key, known.etag if known else None)
        except KeyError:
            self._kept.pop((bucket, key), None)
            return None
        if found is None and known is not None:
            return known.body
        if found is None:
            raise StorageUnavailable(f"Could not read {key}.")
        if len(found.body) > MAX_BYTES:
            raise InvalidRequest(
                f"query: The workflow {name} has more than {MAX_BYTES:,} bytes.", field="query"
            )
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[bucket, key] = found
        return found.body


@cache
def _s3() -> Any:
    return aws_client("s3", may_run_twice=True)
