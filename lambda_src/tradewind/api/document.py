"""The OpenAPI document, as it is served."""

from functools import cache
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route


def get_document(_door: Door, _request: Request) -> Answer:
    """Give the document."""
    return Answer(200, _document())


@cache
def _document() -> dict[str, Any]:
    # Made when it is asked for: the two know each other, and few ask.
    from tradewind.api import routes  # noqa: PLC0415
    from tradewind.api.openapi import openapi  # noqa: PLC0415

    return openapi(routes.ROUTES)


ROUTES: Final = (
    Route(
        "GET",
        "/openapi.json",
        "getDocument",
        "This document",
        get_document,
        {200: None},
    ),
)
