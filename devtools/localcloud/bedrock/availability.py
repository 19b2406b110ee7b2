"""Whether the account may use a model yet, as the control plane says it, and as calls feel it."""

import re
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import unquote

from devtools.localcloud.bedrock import models
from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.errors import ServiceError, forbidden
from devtools.localcloud.bedrock.wire import Request

_ACTION: Final = "bedrock:GetFoundationModelAvailability"
_PATH: Final = re.compile(r"/foundation-model-availability/(?P<model>[^/?]+)")


def is_asked(request: Request) -> bool:
    """Say whether a request is for a model's availability."""
    return request.method == "GET" and _PATH.fullmatch(request.target) is not None


def authorize(request: Request, principal: Principal, authorizer: Authorizer, region: str) -> None:
    """Require that the caller may ask for it.

    Raises:
        ServiceError: Access is denied.
    """
    arn = f"arn:aws:bedrock:{region}::foundation-model/{_model(request)}"
    if not authorizer.is_allowed(principal, _ACTION, arn, {}):
        raise forbidden(
            "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {_ACTION} on resource: {arn} "
            f"because no identity-based policy allows the {_ACTION} action",
        )


def answer(request: Request, region: str, withheld: Collection[str]) -> dict[str, Any]:
    """Return what the account has of a model.

    Args:
        request: Which one.
        region: Where.
        withheld: The models that nobody has agreed to the terms of.

    Raises:
        ServiceError: There is no such model.
    """
    model = _model(request)
    if all(one.model != model for one in models.known_models()):
        raise ServiceError(
            404, "ResourceNotFoundException", f"The model {model} does not exist in {region}."
        )
    agreed = model not in withheld
    return {
        "modelId": model,
        "agreementAvailability": {"status": "AVAILABLE" if agreed else "NOT_AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE" if agreed else "NOT_AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def _model(request: Request) -> str:
    found = _PATH.fullmatch(request.target)
    return unquote(found["model"]) if found else ""


def require(model: str, withheld: Collection[str]) -> None:
    """Refuse a call of a model that nobody has agreed to the terms of.

    Raises:
        ServiceError: As the service answers to it.
    """
    if model in withheld:
        raise forbidden(
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        )
