"""Versions of functions: numbers that never come again, and deletion that leaves no alias behind.

Source: "Manage Lambda function versions" in the Lambda guide: a number is not used again, not even
for a function that was deleted and made again.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

Document = Mapping[str, Any]

#: The next version's number of each function there is or was, by name.
_next: dict[str, int] = {}


def install() -> None:
    """Put these around MiniStack's handlers."""
    _count_on()
    _keep_what_is_named()


def _count_on() -> None:
    create: Callable[..., Any] = lambda_svc._create_function
    publish: Callable[..., Any] = lambda_svc._publish_version
    change: Callable[..., Any] = lambda_svc._update_code
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    make: Callable[..., Any] = handler["create"]

    def create_function(data: dict[str, Any]) -> Any:
        answer = create({**data, "Publish": False})
        if answer[0] != HTTPStatus.CREATED:
            return answer
        name = data["FunctionName"]
        _go_on(name)
        return publish_version(name, {}) if data.get("Publish") else answer

    def publish_version(name: str, data: Document) -> Any:
        answer = publish(name, data)
        _note(name)
        return answer

    def update_code(name: str, data: Document) -> Any:
        answer = change(name, data)
        _note(name)
        return answer

    def create_from_template(logical_id: str, properties: Document, stack_name: str) -> Any:
        made = make(logical_id, properties, stack_name)
        _go_on(made[0])
        return made

    lambda_svc._create_function = create_function
    lambda_svc._publish_version = publish_version
    lambda_svc._update_code = update_code
    handler["create"] = create_from_template


def _note(name: str) -> None:
    function = lambda_svc._functions.get(name)
    if function is not None:
        _next[name] = function["next_version"]


def _go_on(name: str) -> None:
    """Let a function that was made again count from where it was."""
    function = lambda_svc._functions[name]
    function["next_version"] = max(function["next_version"], _next.get(name, 1))


def _keep_what_is_named() -> None:
    delete: Callable[..., Any] = lambda_svc._delete_function
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Version"]

    def delete_function(name: str, query: Document, path_qualifier: str | None = None) -> Any:
        qualifier = lambda_svc._qualifier_from_path_or_query(path_qualifier, query)
        if qualifier == "$LATEST" and name in lambda_svc._functions:
            return error_response_json(
                "InvalidParameterValueException",
                "$LATEST version cannot be deleted without deleting the function.",
                HTTPStatus.BAD_REQUEST,
            )
        return delete(name, query, path_qualifier)

    def delete_version(physical_id: str, properties: Document) -> None:
        function, name, *_ = provisioners._lambda_function_for_cfn_ref(properties["FunctionName"])
        version = physical_id.rpartition(":")[2]
        if function is None or version not in function["versions"]:
            return
        # As through the API, which refuses a version that an alias names.
        status, _, body = delete(name, {}, version)
        if status >= HTTPStatus.BAD_REQUEST:
            raise ValueError(f"AWS::Lambda::Version: {body.decode()}")

    lambda_svc._delete_function = delete_function
    handler["delete"] = delete_version
