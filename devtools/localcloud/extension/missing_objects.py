"""S3 tells that an object is missing to those alone who may list the bucket.

Anybody else gets the answer of an object that may not be read ("If you don't have the s3:ListBucket
permission, Amazon S3 returns an HTTP status code 403 (access denied) error", API reference of
GetObject). The request has no prefix, so a permission to list some of them is not enough. MiniStack
tells everybody.
"""

from collections.abc import Mapping
from typing import Any, Final

from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3

from devtools.localcloud.extension.access import key_may
from devtools.localcloud.extension.calls import unrecorded
from devtools.localcloud.running import ACCOUNT_ID

_BUCKETS: Final = "arn:aws:s3:::"


def install() -> None:
    """Refuse who reads what is not there, unless they may list the bucket."""
    enforce = iam_evaluator.enforce

    def enforce_with_missing(  # noqa: PLR0917  MiniStack's signature
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key, action, service, region, resource_arn, service_context)
        if denied or not access_key or action != "s3:GetObject" or not _is_missing(resource_arn):
            return denied
        bucket = resource_arn.partition("/")[0]
        with unrecorded():  # S3 asks this for itself
            if key_may(access_key, "s3:ListBucket", bucket, {}):
                return None
        caller = iam_evaluator.resolve_principal(access_key, ACCOUNT_ID)
        message = iam_actions.identity_denial_message("s3:ListBucket", caller.arn, bucket, False)
        return iam_evaluator.AuthError("AccessDenied", str(message))

    iam_evaluator.enforce = enforce_with_missing


def _is_missing(object_arn: str) -> bool:
    name, _, key = object_arn.removeprefix(_BUCKETS).partition("/")
    bucket = s3._buckets.get(name)
    return bucket is not None and bool(key) and key not in bucket.get("objects", {})
