"""API Gateway's own answers to a request that it does not serve."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1

Response = tuple[int, dict[str, Any], Any]

_INTERNAL = "Internal server error"


class BadGateway(apigateway_v1._GatewayError):  # type: ignore[misc]  # MiniStack is untyped
    """The function failed, or what it answered is no HTTP answer.

    AWS has no response type for it: it is answered as any other 5XX, with a status of its own.
    """

    def __init__(self) -> None:
        super().__init__("DEFAULT_5XX", _INTERNAL)


def install() -> None:
    """Let MiniStack answer these errors, and none with the text of an exception."""
    render = apigateway_v1._gateway_error_response

    def render_with_status(error: Any, request: Mapping[str, Any]) -> Response:
        status, headers, body = render(error, request)
        if isinstance(error, BadGateway) and status == HTTPStatus.INTERNAL_SERVER_ERROR:
            status = HTTPStatus.BAD_GATEWAY
        return int(status), headers, body

    apigateway_v1._gateway_error_response = render_with_status
    apigateway_v1._GATEWAY_RESPONSE_ERROR_TYPES.update(
        {
            "INTEGRATION_FAILURE": "InternalServerErrorException",
            "INTEGRATION_TIMEOUT": "InternalServerErrorException",
            "INVALID_API_KEY": "ForbiddenException",
            "QUOTA_EXCEEDED": "LimitExceededException",
            "REQUEST_TOO_LARGE": "RequestTooLargeException",
            "WAF_FILTERED": "ForbiddenException",
        }
    )


def timed_out() -> Any:
    """The integration took longer than it may: 504."""
    return apigateway_v1._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")


def misconfigured() -> Any:
    """The function does not exist, or API Gateway may not invoke it: 500."""
    return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", _INTERNAL)


def too_large() -> Any:
    """The request is larger than API Gateway, or Lambda behind it, takes: 413."""
    return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")


def not_served() -> Any:
    """The service behind had no capacity for the request, and no function saw it: 500."""
    return apigateway_v1._gw_error("DEFAULT_5XX", _INTERNAL)


def at_the_stage(error: Any, api_id: str, stage_name: str, headers: Any, query: Any) -> Response:
    """Answer an error that came before the request was routed."""
    scope = apigateway_v1.find_api_scope(api_id)
    with apigateway_v1.request_scope(*scope):
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name) or {}
        request = {
            "api_id": api_id,
            "stage_name": stage_name,
            "stage": stage,
            "headers": headers,
            "query_params": query,
            "path_params": {},
            "resource_path": "",
            "request_id": apigateway_v1.new_uuid(),
        }
        response: Response = apigateway_v1._gateway_error_response(error, request)
    return response
