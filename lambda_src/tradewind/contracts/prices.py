"""What the settings say that model calls cost, and what they may cost, at most.

Money is counted in whole nanodollars, rounded up: sums of floats drift.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from tradewind.contracts.validation import Frozen

#: Nanodollars in a US dollar.
NANO: Final = 1_000_000_000
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1_000

#: The price of each figure of a guardrail's usage. Word filters are free.
_UNITS: Final[Mapping[str, str]] = {
    "contentPolicyUnits": "content",
    "topicPolicyUnits": "topic",
    "sensitiveInformationPolicyUnits": "sensitive_information",
    "contextualGroundingPolicyUnits": "contextual_grounding",
    "automatedReasoningPolicyUnits": "automated_reasoning",
    "contentPolicyImageUnits": "image",
}

_UnitPrice = Annotated[float, Field(ge=0, le=1_000, description="a number of US dollars")]
_Limit = Annotated[
    float | None,
    Field(gt=0, le=1_000_000, description="a number of US dollars above 0, or null for none"),
]


def nano_of(usd: float) -> int:
    """A limit in whole nanodollars, rounded down."""
    return int((Decimal(str(usd)) * NANO).to_integral_value(ROUND_FLOOR))


def usd_of(nano: int) -> float:
    """Nanodollars as US dollars, to be told and not to be counted with."""
    return float(Decimal(nano) / NANO)


def _up(nano: Decimal) -> int:
    return int(nano.to_integral_value(ROUND_CEILING))


class GuardrailPrices(Frozen):
    """What a thousand units cost that a guardrail assesses, in US dollars, by policy.

    A unit is up to 1,000 characters of text, or an image. Word filters and regular expressions
    cost nothing.

    Attributes:
        content: Content filters.
        topic: Denied topics.
        sensitive_information: Filters of sensitive information.
        contextual_grounding: Checks against a source.
        automated_reasoning: Checks by a policy's rules, of each policy.
        image: Images, each one unit.
    """

    content: _UnitPrice
    topic: _UnitPrice
    sensitive_information: _UnitPrice
    contextual_grounding: _UnitPrice
    automated_reasoning: _UnitPrice
    image: _UnitPrice

    def cost_nano(self, units: Mapping[str, int]) -> int:
        """What these units cost, by their names here."""
        prices: dict[str, float] = self.model_dump()
        usd = sum((Decimal(str(prices[name])) * n for name, n in units.items()), Decimal(0))
        return _up(usd * NANO / _THOUSAND)


def guardrail_units(metadata: Mapping[str, Any]) -> dict[str, int] | None:
    """Return the units that a guardrail assessed, by their prices' names; None if not told."""
    trace = (metadata.get("trace") or {}).get("guardrail")
    if not trace:
        return None
    assessments = list((trace.get("inputAssessment") or {}).values())
    for several in (trace.get("outputAssessments") or {}).values():
        assessments.extend(several)
    units = dict.fromkeys(_UNITS.values(), 0)
    for assessment in assessments:
        usage = (assessment.get("invocationMetrics") or {}).get("usage")
        if usage is None:
            return None
        for name, price in _UNITS.items():
            units[price] += usage.get(name, 0)
    return units if assessments else None


class ModelPrices(BaseModel):
    """What a million tokens of each kind cost, in US dollars; and what guardrails do."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_read: float = Field(ge=0)
    cache_write: float = Field(ge=0)
    guardrail: GuardrailPrices | None = None

    def cost_nano(
        self, *, input_tokens: int, output_tokens: int, cache_read: int, cache_write: int
    ) -> int:
        """What these tokens cost in nanodollars, by the table: an estimate, not a bill."""
        usd_of_a_million = (
            Decimal(str(self.input)) * input_tokens
            + Decimal(str(self.output)) * output_tokens
            + Decimal(str(self.cache_read)) * cache_read
            + Decimal(str(self.cache_write)) * cache_write
        )
        return _up(usd_of_a_million * NANO / _MILLION)

    def most_nano(self, *, input_tokens: int, output_tokens: int) -> int:
        """What so many tokens cost, the input at the dearest it can be: read, written or plain."""
        dearest = max(self.input, self.cache_read, self.cache_write)
        usd_of_a_million = (
            Decimal(str(dearest)) * input_tokens + Decimal(str(self.output)) * output_tokens
        )
        return _up(usd_of_a_million * NANO / _MILLION)

    def cost_usd(
        self, *, input_tokens: int, output_tokens: int, cache_read: int, cache_write: int
    ) -> float:
        """What these tokens cost in US dollars."""
        return usd_of(
            self.cost_nano(
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                cache_read=cache_read,
                cache_write=cache_write,
            )
        )


class BudgetLimits(Frozen):
    """What model calls may cost. Nothing is limited that is not set.

    Attributes:
        per_request_usd: All model calls of one request.
        per_principal_day_usd: All model calls of one principal on one day, in UTC: of whoever a
            request names as its owner.
        principals: The same for single principals; null for none. `""` stands for requests that
            name no owner, which `per_principal_day_usd` does not limit.
    """

    per_request_usd: _Limit = None
    per_principal_day_usd: _Limit = None
    principals: Annotated[
        Mapping[Annotated[str, Field(max_length=256)], _Limit],
        # They are in an environment variable, and all of a function's may have 4 KB.
        Field(max_length=8, description="at most 8 principals, each with dollars or null"),
    ] = {}

    def of_principal(self, owner: str) -> float | None:
        """A principal's limit of a day; None for none."""
        if owner in self.principals:
            return self.principals[owner]
        return self.per_principal_day_usd if owner else None
