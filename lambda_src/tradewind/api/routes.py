"""Every route of the API: a line for each module that has some."""

from typing import Final

from tradewind.api import (
    agents,
    budget,
    document,
    invocations,
    models_listing,
    replies,
    runtimes,
    sessions,
)
from tradewind.api.routing import Route

ROUTES: Final[tuple[Route, ...]] = (
    *agents.ROUTES,
    *runtimes.ROUTES,
    *invocations.ROUTES,
    *replies.ROUTES,
    *sessions.ROUTES,
    *models_listing.ROUTES,
    *budget.ROUTES,
    *document.ROUTES,
)
