"""What an environment's file says of the front door: the REST API and who may come through it."""

from typing import Annotated

from pydantic import Field

from tradewind.contracts.names import HTTPS_URL_PATTERN
from tradewind.contracts.validation import Frozen, whole_number


class OidcSettings(Frozen):
    """Whose tokens let callers in who have no AWS credentials.

    Attributes:
        issuer: The issuer, exactly as its tokens have it in `iss`.
        audience: What its tokens for this API have in `aud`.
    """

    issuer: Annotated[
        str,
        Field(
            pattern=HTTPS_URL_PATTERN, max_length=255, description="an https URL without a query"
        ),
    ]
    audience: Annotated[
        str, Field(pattern=r"^[!-~]{1,255}$", description="1 to 255 visible characters")
    ]


class ApiSettings(Frozen):
    """The REST API. An empty mapping, ``{}``, takes every default.

    Attributes:
        wait_s: How long a request waits for its answer before it gets a place to look for it;
            `Prefer: wait` may ask for less.
        requests_per_second: What the stage lets through over time, of all callers together; what
            is above is answered 429.
        burst: What it lets through at once.
        requests_per_address: What the web ACL lets through from one address in five minutes.
        queue_life_s: How long an asynchronous request may wait until its agent begins; one that
            waits longer ends as failed.
        reserved_concurrency: Instances set aside for, and at most given to, the API's function.
    """

    # API Gateway waits 29 s; the rest is for the answer's way.
    wait_s: Annotated[int, whole_number(0, 25)] = 25
    requests_per_second: Annotated[int, whole_number(1, 10_000)] = 50
    burst: Annotated[int, whole_number(1, 5000)] = 100
    # WAF takes no fewer than 10.
    requests_per_address: Annotated[int, whole_number(10, 2_000_000_000)] = 2000
    # Lambda keeps an event from a minute to six hours.
    queue_life_s: Annotated[int, whole_number(60, 21_600)] = 3600
    reserved_concurrency: Annotated[
        int | None,
        Field(ge=1, le=1000, description="a whole number from 1 to 1000, or null for none"),
    ] = None
