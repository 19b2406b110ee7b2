"""What tokens and guardrails cost, as an environment's file says it."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from tradewind.contracts.prices import GuardrailPrices
from tradewind.contracts.validation import Frozen

_Price = Annotated[float, Field(ge=0, le=10_000, description="a number of US dollars")]


class TokenPrices(Frozen):
    """What a million tokens of each kind cost, in US dollars."""

    input: _Price
    output: _Price
    cache_read: _Price
    cache_write: _Price


class PriceSettings(Frozen):
    """The prices that the estimated cost is made of. A table, because a bill comes too late.

    Attributes:
        as_of: The day somebody last compared the table with the provider's page.
        usd_per_million_tokens: By the model's id.
        guardrail_usd_per_thousand_units: What a guardrail assesses, by policy.
    """

    as_of: Annotated[dt.date, Field(description="a date such as 2026-11-20")]
    usd_per_million_tokens: Annotated[
        Mapping[str, TokenPrices],
        Field(description="models' ids with input, output, cache_read and cache_write"),
    ]
    guardrail_usd_per_thousand_units: Annotated[GuardrailPrices, Field(description="a mapping")]
