"""Single inference profiles at Bedrock's control plane: made, read, deleted, and their tags."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from devtools.localcloud.bedrock import models
from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.catalogue import profile_summary
from devtools.localcloud.bedrock.errors import ServiceError, forbidden, invalid
from devtools.localcloud.bedrock.wire import Request

_COLLECTION: Final = "/inference-profiles"
_TAGS: Final = "/listTagsForResource"
#: As the service's model has them.
_NAME: Final = re.compile(r"([0-9a-zA-Z][ _-]?){1,64}")
_MOST_CHARACTERS: Final = 64


@dataclass(frozen=True)
class _Operation:
    action: str
    resource: str
    answer: Callable[[], dict[str, Any]]


def is_operation(request: Request) -> bool:
    """Say whether a request is for one profile."""
    path = request.target.partition("?")[0]
    return (
        (request.method, path) in (("POST", _COLLECTION), ("POST", _TAGS))
        or (request.method in ("GET", "DELETE") and path.startswith(f"{_COLLECTION}/"))
    )  # fmt: skip


def answer(
    request: Request, account: Account, principal: Principal, authorizer: Authorizer
) -> dict[str, Any]:
    """Do what a request asks, if its caller may.

    Raises:
        ServiceError: The caller may not, or it is not possible.
    """
    operation = _operation(request, account)
    if not authorizer.is_allowed(principal, operation.action, operation.resource, {}):
        raise forbidden(
            "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {operation.action} on resource: "
            f"{operation.resource} because no identity-based policy allows the "
            f"{operation.action} action",
        )
    return operation.answer()


def _operation(request: Request, account: Account) -> _Operation:
    path = request.target.partition("?")[0]
    if request.method == "POST":
        asked = _document(request)
        if path == _TAGS:
            arn = str(asked.get("resourceARN"))
            return _Operation("bedrock:ListTagsForResource", arn, lambda: _tags(arn, account))
        return _Operation(
            "bedrock:CreateInferenceProfile",
            account.arn("application-inference-profile/*"),
            lambda: _create(asked, account),
        )
    identifier = unquote(path.removeprefix(f"{_COLLECTION}/"))
    arn = identifier if identifier.startswith("arn:") else _arn_of(identifier, account)
    if request.method == "DELETE":
        return _Operation("bedrock:DeleteInferenceProfile", arn, lambda: _delete(arn, account))
    return _Operation(
        "bedrock:GetInferenceProfile",
        arn,
        lambda: profile_summary(models.profile_of(identifier, account)),
    )


def _arn_of(identifier: str, account: Account) -> str:
    kind = "inference-profile" if "." in identifier else "application-inference-profile"
    return account.arn(f"{kind}/{identifier}")


def _document(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise invalid("The request body is not a JSON object.")
    return asked


def _create(asked: dict[str, Any], account: Account) -> dict[str, Any]:
    name = str(asked.get("inferenceProfileName", ""))
    if not _NAME.fullmatch(name) or len(name) > _MOST_CHARACTERS:
        raise invalid(f"Value '{name}' at 'inferenceProfileName' failed to satisfy constraint")
    source = (asked.get("modelSource") or {}).get("copyFrom", "")
    target = models.resolve(source, account)
    if not source.startswith("arn:") or target.own or target.application:
        raise invalid("The provided model source is invalid.")
    models.require_known(target, source)
    tags = {one["key"]: one["value"] for one in asked.get("tags") or ()}
    try:
        made = account.make_profile(name, source.rpartition("/")[2], tags)
    except ValueError:
        raise ServiceError(
            400, "ConflictException", f"Inference profile {name} already exists."
        ) from None
    return {"inferenceProfileArn": made.arn, "status": "ACTIVE"}


def _delete(arn: str, account: Account) -> dict[str, Any]:
    if account.profile(arn) is None:
        raise ServiceError(404, "ResourceNotFoundException", "Inference profile not found.")
    account.remove_profile(arn)
    return {}


def _tags(arn: str, account: Account) -> dict[str, Any]:
    made = account.profile(arn)
    if made is None:
        raise ServiceError(404, "ResourceNotFoundException", "Inference profile not found.")
    return {"tags": [{"key": key, "value": value} for key, value in made.tags.items()]}
