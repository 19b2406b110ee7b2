"""OpenAPI 3.1 from the table of routes and the models: ``python -m tradewind.api.openapi``."""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from tradewind.api import models
from tradewind.api.errors import NotFound, Unidentified
from tradewind.api.problems import PROBLEM
from tradewind.api.routing import Route
from tradewind.contracts.errors import (
    AnswerTooLarge,
    DeadlineExceeded,
    InternalError,
    InvalidRequest,
    StorageUnavailable,
    TradewindError,
)

#: What may go wrong with every request.
_EVERYWHERE: Final = (
    InvalidRequest,
    Unidentified,
    NotFound,
    InternalError,
    AnswerTooLarge,
    StorageUnavailable,
    DeadlineExceeded,
)
_PROBLEM: Final = "Problem"
_SIGNED: Final = "sigv4"
_REFERENCE: Final = "#/components/schemas/{model}"


def openapi(routes: Sequence[Route]) -> dict[str, Any]:
    """Describe the routes."""
    routes = [route for route in routes if route.described]
    shown = {model for route in routes for model in route.answers.values() if model}
    asked = {route.body for route in routes if route.body}
    _, schemas = models_json_schema(
        [
            *((getattr(models, name), "serialization") for name in sorted({*shown, _PROBLEM})),
            *((getattr(models, name), "validation") for name in sorted(asked)),
        ],
        ref_template=_REFERENCE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tradewind",
            "version": "1",
            "description": "Agents, asked over HTTP. Requests are signed with AWS Signature "
            "Version 4 for the service execute-api.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                _SIGNED: {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
        "security": [{_SIGNED: []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {
            **{str(status): _answer(status, model) for status, model in route.answers.items()},
            **_problems(route),
        },
    }
    parameters = [
        *(
            _parameter(name, "path", {"type": "string", "pattern": pattern})
            for name, pattern in route.parameters.items()
        ),
        *(_parameter(name, "query", schema) for name, schema in route.query.items()),
        *(
            {**_parameter(one.name, "header", one.schema), "description": one.description}
            for one in route.headers
        ),
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        schema = {"$ref": _REFERENCE.format(model=route.body)}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameter(name: str, place: str, schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": dict(schema)}


def _answer(status: int, model: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {"description": _SAID[status]}
    if status != _NO_CONTENT:
        schema = {"$ref": _REFERENCE.format(model=model)} if model else {"type": "object"}
        described["content"] = {"application/json": {"schema": schema}}
    if status == _ACCEPTED:
        described["headers"] = {
            "Location": {"description": "Of the invocation.", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds.", "schema": {"type": "string"}},
        }
    return described


def _problems(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    errors: set[type[TradewindError]] = {*_EVERYWHERE, *route.problems}
    for error in sorted(errors, key=lambda one: (one.status, one.code)):
        by_status.setdefault(error.status, []).append(error.code)
    schema = {"$ref": _REFERENCE.format(model=_PROBLEM)}
    return {
        str(status): {"description": ", ".join(codes), "content": {PROBLEM: {"schema": schema}}}
        for status, codes in sorted(by_status.items())
    }


_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
_SAID: Final = {200: "Done.", _ACCEPTED: "It is being worked on.", _NO_CONTENT: "Done."}


def document_text() -> str:
    """The document as it is kept in ``docs``."""
    from tradewind.api.routes import ROUTES  # noqa: PLC0415  # they know this module

    return json.dumps(openapi(ROUTES), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document_text())
