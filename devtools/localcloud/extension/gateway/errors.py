"""API Gateway's own answers to a request that it does not serve."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway import trail

Response = tuple[int, dict[str, Any], Any]

_INTERNAL = "Internal server error"


class Unserved(apigateway_v1._GatewayError):  # type: ignore[misc]  # MiniStack is untyped
    """An error that has another status than its response type has, unless the API says which."""

    def __init__(self, response_type: str, status: HTTPStatus) -> None:
        super().__init__(response_type, _INTERNAL)
        self.status = status


def install() -> None:
    """Let MiniStack answer these errors."""
    render = apigateway_v1._gateway_error_response

    def render_with_status(error: Any, request: Mapping[str, Any]) -> Response:
        status, headers, body = render(error, request)
        trail.note(
            error__responseType=error.response_type,
            requestId=request["request_id"],
            resourcePath=request["resource_path"] or "-",
        )
        usual = apigateway_v1._DEFAULT_GATEWAY_RESPONSE_STATUS_CODES.get(error.response_type, "500")
        if isinstance(error, Unserved) and status == int(usual):
            status = error.status
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


def content_too_long(limit: int) -> Response:
    """The body is larger than API Gateway takes: 413, which no gateway response restates."""
    words = f"HTTP content length exceeded {limit} bytes."
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Content-Type": "text/plain"}, words.encode()


def too_large() -> Any:
    """The request is larger than Lambda behind it takes: 413."""
    return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")


def bad_gateway() -> Any:
    """The function failed, or what it answered is no HTTP answer: 502.

    Which response type AWS takes for it is not documented; DEFAULT_5XX stands for all others.
    """
    return Unserved("DEFAULT_5XX", HTTPStatus.BAD_GATEWAY)


def not_served() -> Any:
    """Lambda had no capacity left, and no function saw the request: 500, not 429.

    So callers of AWS report it, with INTEGRATION_FAILURE as the type that an API can restate.
    """
    return Unserved("INTEGRATION_FAILURE", HTTPStatus.INTERNAL_SERVER_ERROR)


def filtered() -> Any:
    """A web ACL blocked the request: 403."""
    return apigateway_v1._gw_error("WAF_FILTERED", "Forbidden")


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
