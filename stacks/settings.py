"""Deploy-time choices of one environment; ``settings_file`` reads them from its file."""

import datetime as dt
import platform
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.agentcore_settings import AgentCoreSettings
from stacks.alarm_settings import AlarmSettings
from stacks.api_settings import ApiSettings, ExternalCaller, OidcSettings
from stacks.parts.bedrock_access import (
    InferenceProfile,
    UnsupportedProfile,
    UnsupportedSourceRegion,
)
from stacks.runtime_settings import RuntimeSettings
from stacks.workflow_settings import WorkflowSettings
from tradewind.contracts.agent_manifest import AgentManifest, FunctionNeeds
from tradewind.contracts.names import AGENT_NAME_LENGTH, AGENT_NAME_PATTERN
from tradewind.contracts.prices import BudgetLimits, GuardrailPrices, ModelPrices
from tradewind.contracts.validation import Frozen, whole_number

#: Days CloudWatch Logs can keep a log group's events, and CDK's name for each.
LOG_RETENTION: Final[Mapping[int, str]] = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2192: "SIX_YEARS",
    2557: "SEVEN_YEARS",
    2922: "EIGHT_YEARS",
    3288: "NINE_YEARS",
    3653: "TEN_YEARS",
}

#: What an environment may be called: it becomes part of resource names and of a file's path.
ENVIRONMENT_NAME_PATTERN: Final = r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?"

Architecture = Literal["arm64", "x86_64"]
#: This machine's architecture, by every name a platform gives it.
_MACHINES: Final[Mapping[str, Architecture]] = {
    "aarch64": "arm64",
    "arm64": "arm64",
    "x86_64": "x86_64",
    "amd64": "x86_64",
}


_MAPPING: Final = "a mapping"


class SettingsError(Exception):
    """The environment does not exist, or a value in its file is not allowed. One line."""


def _one_of_retention(days: int) -> int:
    if days not in LOG_RETENTION:
        raise PydanticCustomError("retention", "not a retention CloudWatch Logs offers")
    return days


def _no_reserved_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    if any(key.lower().startswith("aws:") for key in tags):
        raise PydanticCustomError("reserved_tag", "aws: is reserved")
    return tags


_REGION_PATTERN: Final = r"^[a-z]{2}(-[a-z]+)+-[1-9]$"
_Region = Annotated[
    str, Field(pattern=_REGION_PATTERN, description="an AWS region such as us-east-1")
]
_Days = Annotated[int, whole_number(1, 3650)]
_Seconds = Annotated[
    float, Field(gt=0, le=900, description="a number of seconds above 0 and at most 900")
]
_Price = Annotated[float, Field(ge=0, le=10_000, description="a number of US dollars")]


class ModelSettings(Frozen):
    """The model every agent calls, and how patiently.

    Attributes:
        inference_profile: Id of a cross-region inference profile; the model id is in it.
        region: Where the profile is called. The functions' own region may be another.
        max_tokens: Longest answer of one model call. Never unset: the quota would be charged for
            the model's maximum.
        connect_timeout_s: For opening a connection.
        read_timeout_s: For silence on an open one.
        max_connections: Size of the process's connection pool.
    """

    inference_profile: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z-]*\.[a-z0-9-]+\.[A-Za-z0-9.:-]+$",
            description="an inference profile id such as us.anthropic.claude-sonnet-4-6",
        ),
    ]
    region: _Region
    max_tokens: Annotated[int, whole_number(1, 64_000)]
    connect_timeout_s: _Seconds
    read_timeout_s: _Seconds
    max_connections: Annotated[int, whole_number(1, 1000)]

    @model_validator(mode="after")
    def _profile_is_callable_from_region(self) -> "ModelSettings":
        try:
            self.profile  # noqa: B018  constructing it is the check
        except UnsupportedProfile as unsupported:
            is_region = isinstance(unsupported, UnsupportedSourceRegion)
            at_fault = "region" if is_region else "inference_profile"
            raise PydanticCustomError(
                "profile", "{allowed}", {"allowed": str(unsupported), "field": at_fault}
            ) from None
        return self

    @property
    def profile(self) -> InferenceProfile:
        """The profile as seen from the model's region."""
        return InferenceProfile(self.inference_profile, self.region)


class FunctionSettings(FunctionNeeds):
    """An agent's function in one environment: its manifest's needs, and what differs here.

    Attributes:
        architecture: ``native`` is this machine's own, for functions that run on it.
        reserved_concurrency: Instances set aside for, and at most given to, this function.
    """

    architecture: Annotated[
        Literal["arm64", "x86_64", "native"], Field(description="arm64, x86_64 or native")
    ] = "arm64"
    reserved_concurrency: Annotated[
        int | None,
        Field(ge=0, le=1000, description="a whole number from 0 to 1000, or null for none"),
    ] = None

    @property
    def target_architecture(self) -> Architecture:
        """The architecture with ``native`` resolved.

        Raises:
            SettingsError: This machine's is not one that Lambda has.
        """
        if self.architecture != "native":
            return self.architecture
        machine = platform.machine().lower()
        if machine not in _MACHINES:
            raise SettingsError(f"architecture: native is not possible on a {machine} machine")
        return _MACHINES[machine]


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
        usd_per_million_tokens: By inference profile.
        guardrail_usd_per_thousand_units: What a guardrail assesses, by policy.
    """

    as_of: Annotated[dt.date, Field(description="a date such as 2026-11-20")]
    usd_per_million_tokens: Annotated[
        Mapping[str, TokenPrices],
        Field(description="inference profiles with input, output, cache_read and cache_write"),
    ]
    guardrail_usd_per_thousand_units: Annotated[GuardrailPrices, Field(description=_MAPPING)]


class RequestLogSettings(Frozen):
    """The log of requests and answers.

    Attributes:
        retention_days: Life of an entry.
    """

    retention_days: _Days


class Settings(Frozen):
    """One environment.

    Attributes:
        environment: Its name, and its file's.
        account: The only account it may be deployed to; without it, the one of the credentials
            used.
        region: Where the stacks are deployed.
        model: The model every agent calls.
        functions: What differs here from the agents' manifests, for every agent.
        agents: What differs here for single agents; it wins over ``functions``.
        runtimes: Runtimes on AgentCore that are asked as agents are, by name; each with a
            description, and an arn or the name of an agent that is deployed there.
        api: The REST API that the agents are reached by.
        oidc: Whose tokens let callers in beside those who sign with AWS credentials, with `issuer`
            and `audience`; null for nobody's.
        external_callers: Callers outside AWS or in another account, by name; each gets a role or a
            user that may use its routes of the API, and nothing else.
        workflows: Where workflows run.
        agentcore: Sessions of the agents that AgentCore Runtime runs, too.
        log_level: The agents' own; Lambda's platform lines always stay.
        log_retention_days: For each function's log group.
        snap_start: Whether published versions start from a snapshot.
        log_sample_percent: Share of requests whose prompt and answer are logged, redacted.
        otlp_endpoint: Where spans are sent over OTLP/HTTP; null for no spans.
        alarm_email: Who is told about alarms.
        alarms: When they go off.
        runbook_url: Where the runbooks are read, such as the repository's web address; without
            it, alarms name the file.
        prices: What tokens and guardrails cost.
        budgets: What model calls may cost.
        record_ttl_days: Life of an invocation record.
        request_log: A log of every request and its answer, for who has to keep one, with
            `retention_days`; null for none.
        session_ttl_days: Life of a conversation after its last turn.
        session_history_tokens: Of a conversation's earlier turns, as many tokens go to the model
            at most; each turn pays for them again.
        question_life_days: How long an agent that asks a person waits for the answer; at most as
            long as the record lives that it waits in, and artifacts, which it has made by then.
        artifact_expiry_days: Life of an artifact.
        access_log_expiry_days: Life of the artifact bucket's access logs.
        keep_data: Whether data outlives its stack, and stacks and table resist deletion.
        tags: Put on every resource that takes tags.
    """

    environment: Annotated[str, Field(pattern=rf"^{ENVIRONMENT_NAME_PATTERN}$")]
    account: Annotated[
        str | None, Field(pattern=r"^[0-9]{12}$", description="twelve digits in quotes, or null")
    ] = None
    region: _Region
    model: Annotated[ModelSettings, Field(description=_MAPPING)]
    functions: Annotated[FunctionSettings, Field(description=_MAPPING)] = FunctionSettings()
    agents: Annotated[
        Mapping[str, FunctionSettings], Field(description="a mapping of agents' names")
    ] = {}
    runtimes: Annotated[
        Mapping[
            Annotated[
                str,
                Field(
                    pattern=AGENT_NAME_PATTERN,
                    max_length=AGENT_NAME_LENGTH,
                    description="a name as agents have",
                ),
            ],
            RuntimeSettings,
        ],
        Field(description="a mapping of runtimes' names"),
    ] = {}
    api: Annotated[ApiSettings, Field(description=_MAPPING)] = ApiSettings()
    oidc: Annotated[
        OidcSettings | None, Field(description="a mapping of issuer and audience, or null")
    ] = None
    external_callers: Annotated[
        Mapping[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")],
            ExternalCaller,
        ],
        Field(description="a mapping of callers' names"),
    ] = {}
    workflows: Annotated[WorkflowSettings, Field(description=_MAPPING)] = WorkflowSettings()
    agentcore: Annotated[AgentCoreSettings, Field(description=_MAPPING)] = AgentCoreSettings()
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARN", "ERROR"], Field(description="DEBUG, INFO, WARN or ERROR")
    ]
    log_retention_days: Annotated[
        int,
        AfterValidator(_one_of_retention),
        Field(description=f"one of {', '.join(map(str, LOG_RETENTION))}"),
    ]
    snap_start: Annotated[bool, Field(description="true or false")]
    alarm_email: Annotated[
        str | None,
        Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", description="an e-mail address, or null"),
    ]
    log_sample_percent: Annotated[
        float, Field(ge=0, le=100, description="a number of percent from 0 to 100")
    ]
    otlp_endpoint: Annotated[
        str | None, Field(pattern=r"^https?://[^\s]+$", description="an http(s) URL, or null")
    ]
    alarms: Annotated[AlarmSettings, Field(description=_MAPPING)]
    runbook_url: Annotated[
        str | None,
        Field(
            pattern=r"^https://[^\s]+[^/\s]$", description="an https URL without a last /, or null"
        ),
    ]
    prices: Annotated[PriceSettings, Field(description=_MAPPING)]
    budgets: Annotated[BudgetLimits, Field(description=_MAPPING)] = BudgetLimits()
    record_ttl_days: _Days
    request_log: Annotated[
        RequestLogSettings | None, Field(description="a mapping of retention_days, or null")
    ] = None
    session_ttl_days: _Days
    session_history_tokens: Annotated[int, whole_number(0, 1_000_000)]
    question_life_days: _Days
    artifact_expiry_days: _Days
    access_log_expiry_days: _Days
    keep_data: Annotated[bool, Field(description="true or false")]
    tags: Annotated[
        Mapping[
            Annotated[str, Field(min_length=1, max_length=128)],
            Annotated[str, Field(max_length=256)],
        ],
        AfterValidator(_no_reserved_tags),
        Field(description="text for text, no key beginning with aws:"),
    ]

    @model_validator(mode="after")
    def _model_has_a_price(self) -> "Settings":
        if self.model.inference_profile not in self.prices.usd_per_million_tokens:
            raise PydanticCustomError(
                "price", "{profile}", {"profile": self.model.inference_profile}
            )
        return self

    @model_validator(mode="after")
    def _questions_do_not_outlive_what_they_need(self) -> "Settings":
        for name in ("artifact_expiry_days", "record_ttl_days"):
            days = getattr(self, name)
            if self.question_life_days > days:
                raise PydanticCustomError(
                    "question_life", "at most {name}, which is {days}", {"name": name, "days": days}
                )
        return self

    def function(self, agent: AgentManifest) -> FunctionSettings:
        """An agent's function here: its manifest, then ``functions``, then its own settings."""
        here = self.agents.get(agent.name, FunctionSettings())
        layers = [one.model_dump(exclude_unset=True) for one in (self.functions, here)]
        endpoints = {**agent.function.endpoints, **here.endpoints}
        return FunctionSettings.model_validate(
            {**agent.function.model_dump(), **layers[0], **layers[1], "endpoints": endpoints}
        )

    @property
    def model_prices(self) -> ModelPrices:
        """What the model's calls cost."""
        return ModelPrices(
            **self.prices.usd_per_million_tokens[self.model.inference_profile].model_dump(),
            guardrail=self.prices.guardrail_usd_per_thousand_units,
        )
