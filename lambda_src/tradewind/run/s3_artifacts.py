"""Artifacts in S3."""

import contextlib
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from tradewind.aws.deadline import require_time
from tradewind.aws.repeats import pause_before_repeat
from tradewind.contracts.errors import (
    ArtifactNotFound,
    StorageAccessDenied,
    StorageError,
    StorageUnavailable,
)
from tradewind.run.artifact_store import WriteConflict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "403"}
_MISSING = {"NoSuchKey", "404"}
#: 412: the object is another one by now; 409: somebody is writing it at this moment; 404: it is
#: gone.
_CONFLICTS: Final = {"PreconditionFailed", "ConditionalRequestConflict", *_MISSING}


class S3ArtifactStore:
    """An ``ArtifactStore`` on one bucket, whose default encryption applies."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._client = client

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write an object. Raises: see ``ArtifactStore``."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type
            )
        except (ClientError, BotoCoreError) as error:
            raise _storage_error(error, f"write {key}") from error

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        """Write an object over the one with ``etag`` only. Raises: see ``ArtifactStore``."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                **condition,  # type: ignore[arg-type]  # the stubs know no dict of conditions
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code", "") in _CONFLICTS:
                raise WriteConflict(key) from error
            raise _storage_error(error, f"write {key}") from error
        except BotoCoreError as error:
            raise _storage_error(error, f"write {key}") from error

    def get(self, key: str) -> bytes:
        """Read an object. Raises: see ``ArtifactStore``."""
        return self.get_with_etag(key)[0]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Read an object and its etag. Raises: see ``ArtifactStore``."""
        for attempts in count(1):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code in _MISSING or (code in _FORBIDDEN and self._is_missing(key)):
                    raise ArtifactNotFound(f"There is no artifact {key}.") from error
                raise _storage_error(error, f"read {key}") from error
            except BotoCoreError as error:
                raise _storage_error(error, f"read {key}") from error
            try:
                # Read here, and not by the client: its own attempt ended before the body came.
                with contextlib.closing(found["Body"]) as body:
                    return body.read(), found["ETag"]
            except (BotoCoreError, HTTPError, OSError) as error:
                require_time(error)
                pause_s = pause_before_repeat(attempts)
                if pause_s is None:
                    raise _storage_error(error, f"read {key}") from error
                time.sleep(pause_s)
        raise AssertionError("the count has no end")

    def _is_missing(self, key: str) -> bool:
        """Tell a missing object from a forbidden one.

        S3 answers 403 for both to a role that may not list the whole bucket; this role may list
        the prefixes it reads.

        Raises:
            StorageUnavailable: It could not be found out.
        """
        try:
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        except (ClientError, BotoCoreError) as error:
            failure = _storage_error(error, f"read {key}")
            if isinstance(failure, StorageAccessDenied):
                return False
            raise failure from error
        return all(found["Key"] != key for found in listed.get("Contents", []))


def _storage_error(error: Exception, what: str) -> StorageError:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _FORBIDDEN:
            return StorageAccessDenied(f"The function's role may not {what}.")
        return StorageUnavailable(f"Could not {what}: {code}.")
    return StorageUnavailable(f"Could not {what}: {type(error).__name__}.")
