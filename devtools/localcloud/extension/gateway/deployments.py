"""A stage serves what its deployment took a picture of, not what the API has become since.

So a change without a new deployment shows no effect, as on AWS. In the picture are the resources,
their methods and integrations; MiniStack keeps the gateway responses so. Authorizers, models and
validators are as they are now.
"""

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway.errors import Response

#: The resources of an API, by its id and the deployment's.
_pictures: dict[tuple[str, str], Any] = {}
#: The API that the present request is for, and what it serves.
_served: ContextVar[tuple[str, Any] | None] = ContextVar("gateway_served", default=None)


class _Resources(AccountRegionScopedDict):  # type: ignore[misc]  # MiniStack is untyped
    """MiniStack's store of resources, in which a request sees the deployed ones."""

    def get(self, key: str, default: Any = None) -> Any:
        served = _served.get()
        if served is not None and served[0] == key:
            return served[1]
        return super().get(key, default)


def install() -> None:
    """Make deployments take pictures, and stages serve them."""
    resources = _Resources()
    resources._data = apigateway_v1._resources._data
    apigateway_v1._resources = resources
    create = apigateway_v1._create_deployment

    def create_with_picture(api_id: str, data: Mapping[str, Any]) -> Response:
        found = resources.get(api_id, {})
        if api_id in apigateway_v1._rest_apis and not _has_methods(found):
            refused: Response = apigateway_v1._v1_error(
                "BadRequestException", "The REST API doesn't contain any methods", 400
            )
            return refused
        response: Response = create(api_id, data)
        if response[0] == HTTPStatus.CREATED:
            _pictures[api_id, json.loads(response[2])["id"]] = copy.deepcopy(found)
        return response

    apigateway_v1._create_deployment = create_with_picture


@contextlib.contextmanager
def serving(api_id: str, stage_name: str) -> Iterator[None]:
    """Serve a request from the stage's deployment."""
    stage = apigateway_v1.stages_for_api(api_id).get(stage_name) or {}
    picture = _pictures.get((api_id, stage.get("deploymentId", "")), {})
    token = _served.set((api_id, picture))
    try:
        yield
    finally:
        _served.reset(token)


def _has_methods(resources: Mapping[str, Any]) -> bool:
    return any(resource["resourceMethods"] for resource in resources.values())
