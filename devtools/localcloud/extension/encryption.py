"""The permission on the key that S3, DynamoDB and Secrets Manager ask of a caller.

They ask it besides the one on the data. MiniStack takes note of a customer-managed key and asks
nobody whether the caller may use it.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb, kms, s3, secretsmanager

from devtools.localcloud.extension.access import key_may
from devtools.localcloud.running import ACCOUNT_ID, REGION

_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
_ALGORITHM_HEADER = "x-amz-server-side-encryption"
_S3_MANAGED_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/aws/s3"

_S3_READS = {"s3:GetObject", "s3:GetObjectVersion"}
_DYNAMODB_DATA = {
    f"dynamodb:{operation}Item" for operation in ("Get", "Put", "Update", "Delete", "BatchGet")
} | {"dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchWriteItem"}
#: What a secret's key has to be good for.
_SECRET_DATA = {
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
}


def install() -> None:
    """Check keys on S3 reads and writes, DynamoDB item operations and secrets' values."""
    enforce = iam_evaluator.enforce

    def enforce_with_keys(  # noqa: PLR0917  MiniStack's signature
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key, action, service, region, resource_arn, service_context)
        if denied or not access_key:
            return denied
        message = None
        if action in _S3_READS:
            message = _refusal(
                access_key, "kms:Decrypt", _object_key(resource_arn), "s3", resource_arn
            )
        elif action in _DYNAMODB_DATA:
            message = _refusal(access_key, "kms:Decrypt", _table_key(resource_arn), "dynamodb")
        for needed in _SECRET_DATA.get(action, ()):
            key = _secret_key(resource_arn)
            message = message or _refusal(access_key, needed, key, "secretsmanager", resource_arn)
        return iam_evaluator.AuthError("AccessDenied", message) if message else None

    iam_evaluator.enforce = enforce_with_keys

    resolve = s3._resolve_sse_write_headers

    def resolve_with_keys(headers: Mapping[str, str], bucket: str) -> tuple[Any, Any]:
        if headers.get(_ALGORITHM_HEADER) == "aws:kms" and not headers.get(_KEY_HEADER):
            # S3 then takes the account's own key for S3, which MiniStack does not have.
            headers = {**headers, _KEY_HEADER: _S3_MANAGED_KEY}
        persisted, error = resolve(headers, bucket)
        access_key = iam_evaluator._verified_key.get()
        if error or not access_key:
            return persisted, error
        key = persisted.get(_KEY_HEADER)
        message = _refusal(access_key, "kms:GenerateDataKey", key, "s3", f"arn:aws:s3:::{bucket}")
        if message:
            return None, s3._error("AccessDenied", message, 403)
        return persisted, None

    s3._resolve_sse_write_headers = resolve_with_keys


def _refusal(
    access_key: str, action: str, key: str | None, service: str, encrypted_arn: str | None = None
) -> str | None:
    """Why the caller may not use the data's key; None when it may, or needs nobody's leave."""
    record = kms._resolve_key(key) if key else None
    if record is None:
        # AWS's own keys, and data without a key.
        return None
    context = {
        "kms:ViaService": f"{service}.{REGION}.amazonaws.com",
        "kms:CallerAccount": ACCOUNT_ID,
    }
    if encrypted_arn:
        name = {"s3": "aws:s3:arn", "secretsmanager": "SecretARN"}[service]
        context[f"kms:EncryptionContext:{name}"] = encrypted_arn
    if key_may(access_key, action, record["Arn"], context):
        return None
    caller = iam_evaluator.resolve_principal(access_key, ACCOUNT_ID)
    return str(iam_actions.identity_denial_message(action, caller.arn, record["Arn"], False))


def _object_key(object_arn: str) -> str | None:
    bucket, _, name = object_arn.removeprefix("arn:aws:s3:::").partition("/")
    found = (s3._buckets.get(bucket) or {}).get("objects", {}).get(name) or {}
    key: str | None = found.get("preserved_headers", {}).get(_KEY_HEADER)
    return key


def _table_key(table_arn: str) -> str | None:
    name = table_arn.rpartition(":table/")[2].partition("/")[0]
    key: str | None = ((dynamodb._tables.get(name) or {}).get("SSEDescription") or {}).get(
        "KMSMasterKeyArn"
    )
    return key


def _secret_key(secret_arn: str) -> str | None:
    _, secret = secretsmanager._resolve(secret_arn)
    key: str | None = (secret or {}).get("KmsKeyId")
    return key
