"""The lists of Bedrock's control plane: which models and inference profiles there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from devtools.localcloud.bedrock import models
from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.errors import forbidden, invalid
from devtools.localcloud.bedrock.wire import Request

_MOST_RESULTS: Final = 1000
_USUAL_RESULTS: Final = 100
#: When the catalogue was written down; the service tells when each profile was made.
_MADE: Final = "2025-09-29T00:00:00Z"


@dataclass(frozen=True)
class _Listing:
    action: str
    filters: frozenset[str]
    answer: Callable[[Mapping[str, str], Account], dict[str, Any]]


def is_list(request: Request) -> bool:
    """Say whether a request is for one of the lists."""
    return request.method == "GET" and request.target.partition("?")[0] in _LISTINGS


def authorize(request: Request, principal: Principal, authorizer: Authorizer) -> None:
    """Require that the caller may have the list. It has no resource that one could name.

    Raises:
        ServiceError: Access is denied.
    """
    action = _listing(request).action
    if not authorizer.is_allowed(principal, action, "*", {}):
        raise forbidden(
            "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {action} because no "
            f"identity-based policy allows the {action} action",
        )


def answer(request: Request, account: Account) -> dict[str, Any]:
    """Return the list that is asked for, as far as its filters let it through.

    Raises:
        ServiceError: A filter is unknown, or its value no possible one.
    """
    listing = _listing(request)
    query = parse_qs(request.target.partition("?")[2], keep_blank_values=True)
    unknown = query.keys() - listing.filters
    if unknown:
        # Silence would look as if the filter had been heeded.
        raise invalid(f"The stand-in does not know the filters {sorted(unknown)}.")
    return listing.answer({name: values[-1] for name, values in query.items()}, account)


def _listing(request: Request) -> _Listing:
    return _LISTINGS[request.target.partition("?")[0]]


def _profiles(query: Mapping[str, str], account: Account) -> dict[str, Any]:
    kind = query.get("type", "SYSTEM_DEFINED")
    if kind not in ("SYSTEM_DEFINED", "APPLICATION"):
        raise invalid(f"Value '{kind}' at 'typeEquals' failed to satisfy constraint")
    made = kind == "APPLICATION"
    found = models.application_profiles_of(account) if made else models.profiles_of(account)
    listed = [profile_summary(one) for one in found]
    page, token = _page(listed, query)
    return {"inferenceProfileSummaries": page, **({"nextToken": token} if token else {})}


def profile_summary(one: models.ListedProfile) -> dict[str, Any]:
    """An inference profile as the service tells of it."""
    return {
        "inferenceProfileId": one.profile_id,
        "inferenceProfileArn": one.profile_arn,
        "inferenceProfileName": one.name,
        "models": [{"modelArn": arn} for arn in one.model_arns],
        "status": "ACTIVE",
        "type": one.kind,
        "createdAt": _MADE,
        "updatedAt": _MADE,
    }


def _foundation_models(query: Mapping[str, str], account: Account) -> dict[str, Any]:
    if query.get("byOutputModality") not in (None, "TEXT"):
        return {"modelSummaries": []}
    summaries = []
    for one in models.known_models():
        inference = "ON_DEMAND" if one.on_demand else "INFERENCE_PROFILE"
        if query.get("byInferenceType") in (None, inference):
            summaries.append(
                {
                    "modelArn": f"arn:aws:bedrock:{account.region}::foundation-model/{one.model}",
                    "modelId": one.model,
                    "modelName": one.model,
                    "providerName": one.model.partition(".")[0],
                    "inputModalities": ["TEXT"],
                    "outputModalities": ["TEXT"],
                    "responseStreamingSupported": True,
                    "inferenceTypesSupported": [inference],
                    "modelLifecycle": {"status": "ACTIVE"},
                }
            )
    return {"modelSummaries": summaries}


def _page(
    listed: Sequence[dict[str, Any]], query: Mapping[str, str]
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The part of a list that a query asks for, and what asks for the next one."""
    most, begin = query.get("maxResults", str(_USUAL_RESULTS)), query.get("nextToken", "0")
    if not (most.isdecimal() and 1 <= int(most) <= _MOST_RESULTS and begin.isdecimal()):
        raise invalid("maxResults or nextToken is none that there could be.")
    end = int(begin) + int(most)
    return listed[int(begin) : end], str(end) if end < len(listed) else None


_LISTINGS: Final[Mapping[str, _Listing]] = {
    "/inference-profiles": _Listing(
        "bedrock:ListInferenceProfiles", frozenset({"type", "maxResults", "nextToken"}), _profiles
    ),
    "/foundation-models": _Listing(
        "bedrock:ListFoundationModels",
        frozenset({"byOutputModality", "byInferenceType"}),
        _foundation_models,
    ),
}
