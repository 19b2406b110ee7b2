"""What an environment's file says of the front door: the REST API and who may come through it."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.concurrency import API_CAP
from tradewind.contracts.names import HTTPS_URL_PATTERN
from tradewind.contracts.validation import Frozen, refused, whole_number

_ROUTE: Final = r"^(GET|POST|DELETE|\*) /[A-Za-z0-9_.*/-]*$"


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("twice", "a name is given twice")
    return names


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


class ExternalCaller(Frozen):
    """Somebody outside who may use some routes of the API and nothing else in the account.

    Attributes:
        routes: Such as ``POST /agents/terrain/invocations``; ``*`` stands for anything.
        kind: ``role``, for who can assume one, or ``user``, for who can only keep a key.
        trusts: Who may assume the role: an AWS account, user or role, or an OIDC provider of this
            account.
        subject: Whose tokens of that provider, such as ``repo:us/backend:ref:refs/heads/main``.
        audience: For whom those tokens are.
        external_id: What another account has to know besides.
    """

    routes: Annotated[
        tuple[Annotated[str, Field(pattern=_ROUTE)], ...],
        Field(strict=False, min_length=1, description="a list of routes: METHOD /path"),
    ]
    kind: Annotated[Literal["role", "user"], Field(description="role or user")]
    trusts: Annotated[
        str | None,
        Field(
            pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role|oidc-provider)/[A-Za-z0-9_+=,.@/-]+)$",
            description="the ARN of an account (…:root), user, role or oidc-provider, or null",
        ),
    ] = None
    subject: Annotated[
        # Everybody whom a public issuer knows is nobody in particular.
        str | None, Field(pattern=r"^[^*?\s]{1,255}$", description="text without * and ?, or null")
    ] = None
    audience: Annotated[
        str, Field(pattern=r"^[!-~]{1,255}$", description="1 to 255 visible characters")
    ] = "sts.amazonaws.com"
    external_id: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,255}$", description="an external id, or null"),
    ] = None

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> "ExternalCaller":
        if (self.kind == "role") != (self.trusts is not None):
            raise refused("kind: a role needs `trusts`, and a user has none")
        if self.by_provider != (self.subject is not None):
            raise refused("subject: is needed for an oidc-provider, and for nobody else")
        if self.external_id is not None and (self.trusts is None or self.by_provider):
            raise refused("external_id: is for another account's callers only")
        return self

    @property
    def by_provider(self) -> bool:
        """Whether it comes with a token of an OIDC provider."""
        return self.trusts is not None and ":oidc-provider/" in self.trusts


class UsagePlanSettings(Frozen):
    """How much each holder of an API key may ask; every request then needs a key besides.

    Attributes:
        keys: Who has one.
        requests_per_day: Of each key.
        requests_per_second: Of each key, over time.
        burst: Of each key, at once.
    """

    keys: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")], ...],
        Field(strict=False, min_length=1, description="a list of names, none of them twice"),
        AfterValidator(_each_once),
    ]
    requests_per_day: Annotated[int, whole_number(1, 100_000_000)]
    requests_per_second: Annotated[int, whole_number(1, 10_000)]
    burst: Annotated[int, whole_number(1, 5000)]


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
        usage_plan: How much each holder of an API key may ask, with `keys`, `requests_per_day`,
            `requests_per_second` and `burst`; every request then needs `X-Api-Key` besides its
            signature. Null for no keys.
        reserved_concurrency: Instances set aside for, and at most given to, the API's function, and
            as many for that of MCP; null for no such cap.
    """

    # API Gateway waits 29 s; the rest is for the answer's way.
    wait_s: Annotated[int, whole_number(0, 25)] = 25
    requests_per_second: Annotated[int, whole_number(1, 10_000)] = 50
    burst: Annotated[int, whole_number(1, 5000)] = 100
    # WAF takes no fewer than 10.
    requests_per_address: Annotated[int, whole_number(10, 2_000_000_000)] = 2000
    # Lambda keeps an event from a minute to six hours.
    queue_life_s: Annotated[int, whole_number(60, 21_600)] = 3600
    usage_plan: Annotated[
        UsagePlanSettings | None, Field(description="a mapping of keys and limits, or null")
    ] = None
    reserved_concurrency: Annotated[
        int | None,
        Field(ge=1, le=1000, description="a whole number from 1 to 1000, or null for none"),
    ] = API_CAP
