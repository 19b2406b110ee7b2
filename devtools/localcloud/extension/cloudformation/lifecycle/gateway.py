"""REST APIs' and web ACLs' names, and what stands in the way of their removal.

The words are those of API Gateway's ``ConflictException`` and of WAF's exceptions.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ministack.services import apigateway_v1, waf

from devtools.localcloud.extension.cloudformation.lifecycle.rules import (
    Name,
    Properties,
    already,
    said,
)

_ROOM = "/"


def _within(*names: str) -> Callable[[Properties], str | None]:
    """A name and what it is in, as one text; each part is a property."""

    def of(properties: Properties) -> str | None:
        parts = [properties.get(name) for name in names]
        return _ROOM.join(map(str, parts)) if all(parts) else None

    return of


def _among(every: Callable[[str], Iterable[Any]], member: str) -> Callable[[str], bool]:
    """Whether a record of an API has a name."""

    def held(place: str) -> bool:
        api, _, name = place.partition(_ROOM)
        return any(record[member] == name for record in every(api))

    return held


def _has_resource(place: str) -> bool:
    api, parent, part = place.split(_ROOM, 2)
    return any(
        (resource.get("parentId"), resource.get("pathPart")) == (parent, part)
        for resource in apigateway_v1._resources.get(api, {}).values()
    )


def _has_method(place: str) -> bool:
    api, resource, method = place.split(_ROOM)
    return method in apigateway_v1._resources.get(api, {}).get(resource, {}).get(
        "resourceMethods", {}
    )


def _has_web_acl(place: str) -> bool:
    scope, _, name = place.partition(_ROOM)
    return any(
        (acl["Scope"], acl["Name"]) == (scope, name)
        for acl in waf._values_for_scope(waf._web_acls, scope)
    )


API_KEY = Name(
    lambda properties: properties.get("Value"),
    lambda value: any(key["value"] == value for key in apigateway_v1._api_keys.values()),
    said("API Key already exists"),
)
AUTHORIZER = Name(
    _within("RestApiId", "Name"),
    _among(lambda api: apigateway_v1._authorizers_v1.get(api, {}).values(), "name"),
    said("Authorizer name must be unique"),
)
METHOD = Name(
    _within("RestApiId", "ResourceId", "HttpMethod"),
    _has_method,
    said("Method already exists for this resource"),
)
MODEL = Name(
    _within("RestApiId", "Name"),
    _among(lambda api: apigateway_v1._models.get(api, {}).values(), "name"),
    said("Model name already exists for this REST API"),
)
RESOURCE = Name(
    _within("RestApiId", "ParentId", "PathPart"),
    _has_resource,
    said("Another resource with the same parent already has this name"),
)
STAGE = Name(
    _within("RestApiId", "StageName"),
    _among(lambda api: apigateway_v1._stages_v1.get(api, {}).values(), "stageName"),
    said("Stage already exists"),
)
WEB_ACL = Name(_within("Scope", "Name"), _has_web_acl, already("AWS::WAFv2::WebACL"))


def remove_deployment(physical_id: str, properties: Properties) -> None:
    """Keep a deployment that a stage still serves."""
    stages = apigateway_v1._stages_v1.get(properties["RestApiId"], {}).values()
    if any(stage["deploymentId"] == physical_id for stage in stages):
        raise ValueError("Active stages pointing to this deployment must be moved or deleted")


def remove_web_acl(physical_id: str, _properties: Properties) -> None:
    """Keep a web ACL that stands before something."""
    _, acl_id, _ = physical_id.split("|")
    if any(acl_id in arn for arn in waf._associations.values()):
        raise ValueError(
            "AWS WAF couldn't perform the operation because your resource is being used by "
            "another resource or it's associated with another resource."
        )
