"""Artifacts in S3."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.contracts.errors import (
    ArtifactNotFound,
    StorageAccessDenied,
    StorageError,
    StorageUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "403"}
_MISSING = {"NoSuchKey", "404"}


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

    def get(self, key: str) -> bytes:
        """Read an object. Raises: see ``ArtifactStore``."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _MISSING or (code in _FORBIDDEN and self._is_missing(key)):
                raise ArtifactNotFound(f"There is no artifact {key}.") from error
            raise _storage_error(error, f"read {key}") from error
        except BotoCoreError as error:
            raise _storage_error(error, f"read {key}") from error

    def _is_missing(self, key: str) -> bool:
        """Tell a missing object from a forbidden one.

        S3 answers 403 for both to a role that may not list the whole bucket; this role may list
        the prefixes it reads.
        """
        try:
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        except (ClientError, BotoCoreError):
            return False
        return all(found["Key"] != key for found in listed.get("Contents", []))


def _storage_error(error: ClientError | BotoCoreError, what: str) -> StorageError:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _FORBIDDEN:
            return StorageAccessDenied(f"The function's role may not {what}.")
        return StorageUnavailable(f"Could not {what}: {code}.")
    return StorageUnavailable(f"Could not {what}: {type(error).__name__}.")
