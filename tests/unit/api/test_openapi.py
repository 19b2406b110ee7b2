"""The API's document is made from what serves it, and kept where people look."""

from pathlib import Path

from tradewind.api.openapi import document_text, openapi
from tradewind.api.routes import ROUTES

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_document_that_is_kept_is_the_one_that_is_served() -> None:
    assert KEPT.read_text(encoding="utf-8") == document_text(), "run `make docs`"


def test_every_route_is_in_it_once() -> None:
    paths = openapi(ROUTES)["paths"]
    described = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    promised = [route for route in ROUTES if route.described]
    assert sorted(described) == sorted((route.method, route.path) for route in promised)
    # Streams are led past these, to functions of their own; see docs/streaming.md.
    assert {route.path for route in ROUTES if not route.described} == {
        "/agents/{agent}/stream",
        "/runtimes/{runtime}/stream",
    }
    names = [
        operation["operationId"] for methods in paths.values() for operation in methods.values()
    ]
    assert len(names) == len(set(names))
