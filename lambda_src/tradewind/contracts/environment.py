"""The agent function's environment, read once and checked."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError

from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.names import (
    AGENT_NAME_PATTERN,
    AuthorizerEnvVar,
    DurableEnvVar,
    EnvVar,
    OptionalEnvVar,
    ProbeEnvVar,
    ServingEnvVar,
)
from tradewind.contracts.prices import BudgetLimits, ModelPrices
from tradewind.contracts.runtime_target import RuntimeTarget


def _split(names: object) -> object:
    return tuple(filter(None, names.split(","))) if isinstance(names, str) else names


class Environment(BaseModel):
    """Values from environment variables. Field aliases are the variables' names."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        protected_namespaces=(),
        # Of the functions' environments a process builds its own alone.
        defer_build=True,
    )

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Self:
        """Read and check the environment.

        Raises:
            ConfigurationError: A variable is missing or invalid; the message names each.
        """
        try:
            return cls.model_validate(dict(variables))
        except ValidationError as invalid:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
                for error in invalid.errors(include_url=False, include_input=False)
            )
            raise ConfigurationError(f"The function's environment is invalid: {problems}") from None


class ModelEnvironment(Environment):
    """How to reach the model."""

    model_id: str = Field(alias=EnvVar.MODEL_ID, min_length=1)
    model_region: str = Field(alias=EnvVar.MODEL_REGION, min_length=1)
    max_tokens: int = Field(alias=EnvVar.MAX_TOKENS, ge=1)
    connect_timeout_s: float = Field(alias=EnvVar.CONNECT_TIMEOUT_S, gt=0)
    read_timeout_s: float = Field(alias=EnvVar.READ_TIMEOUT_S, gt=0)
    max_connections: int = Field(alias=EnvVar.MAX_CONNECTIONS, ge=1)
    #: The ARN of an application inference profile that stands for the model in calls.
    application_profile: str | None = Field(
        default=None, alias=OptionalEnvVar.APPLICATION_PROFILE, min_length=1
    )
    #: The ARN of a guardrail with its version; applied to every call.
    guardrail: str | None = Field(
        default=None, alias=OptionalEnvVar.GUARDRAIL, pattern="^arn:.+/[a-z0-9]+:([0-9]+|DRAFT)$"
    )


class DurableEnvironment(Environment):
    """What the stacks tell the durable function."""

    workflows: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        alias=DurableEnvVar.WORKFLOWS
    )
    workflow_function: str = Field(alias=DurableEnvVar.WORKFLOW_FUNCTION, min_length=1)
    agent_functions: Json[dict[str, str]] = Field(alias=DurableEnvVar.AGENT_FUNCTIONS)


class ServingEnvironment(Environment):
    """What the stacks tell an agent's process on AgentCore Runtime besides."""

    time_limit_s: float = Field(alias=ServingEnvVar.TIME_LIMIT_S, gt=0)
    host: str = Field(default="127.0.0.1", alias=ServingEnvVar.HOST, min_length=1)


class SweepEnvironment(Environment):
    """What the stacks tell the sweep."""

    environment: str = Field(alias=EnvVar.ENVIRONMENT, min_length=1)
    records_table: str = Field(alias=EnvVar.RECORDS_TABLE, min_length=3)
    sessions_table: str = Field(alias=EnvVar.SESSIONS_TABLE, min_length=3)
    session_ttl_days: int = Field(alias=EnvVar.SESSION_TTL_DAYS, ge=1)


class ProbeEnvironment(Environment):
    """What the stacks tell the probe."""

    environment: str = Field(alias=EnvVar.ENVIRONMENT, min_length=1)
    versions: Json[dict[str, str]] = Field(alias=ProbeEnvVar.VERSIONS)


class AuthorizerEnvironment(Environment):
    """What the stacks tell the authorizer."""

    issuer: str = Field(alias=AuthorizerEnvVar.ISSUER, pattern="^https://")
    audience: str = Field(alias=AuthorizerEnvVar.AUDIENCE, min_length=1)


class AgentEnvironment(ModelEnvironment):
    """What the stacks tell an agent function."""

    agent: str = Field(alias=EnvVar.AGENT, pattern=AGENT_NAME_PATTERN)
    #: The agents whose artifacts this one may read, in the order of their work.
    reads_from: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(alias=EnvVar.READS_FROM)
    environment: str = Field(alias=EnvVar.ENVIRONMENT, min_length=1)
    artifacts_bucket: str = Field(alias=EnvVar.ARTIFACTS_BUCKET, min_length=3)
    records_table: str = Field(alias=EnvVar.RECORDS_TABLE, min_length=3)
    record_ttl_days: int = Field(alias=EnvVar.RECORD_TTL_DAYS, ge=1)
    sessions_table: str = Field(alias=EnvVar.SESSIONS_TABLE, min_length=3)
    session_ttl_days: int = Field(alias=EnvVar.SESSION_TTL_DAYS, ge=1)
    #: Of a conversation's earlier turns, as many tokens go to the model at most.
    session_history_tokens: int = Field(alias=EnvVar.SESSION_HISTORY_TOKENS, ge=0)
    budgets_table: str = Field(alias=EnvVar.BUDGETS_TABLE, min_length=3)
    #: How long the agent waits for a person's answer.
    question_life_days: int = Field(alias=EnvVar.QUESTION_LIFE_DAYS, ge=1)
    #: Without limits nothing is limited.
    budgets: Json[BudgetLimits] = Field(default=BudgetLimits(), alias=OptionalEnvVar.BUDGETS)
    #: Without prices no cost is estimated.
    prices: Json[ModelPrices] | None = Field(default=None, alias=OptionalEnvVar.MODEL_PRICES)
    log_sample_percent: float = Field(
        default=0, alias=OptionalEnvVar.LOG_SAMPLE_PERCENT, ge=0, le=100
    )
    #: Without a table, and days, no log of requests and answers is kept.
    request_log_table: str | None = Field(
        default=None, alias=OptionalEnvVar.REQUEST_LOG_TABLE, min_length=3
    )
    request_log_days: int = Field(default=0, alias=OptionalEnvVar.REQUEST_LOG_DAYS, ge=0)
    #: The agents that workflows may ask by name.
    calls: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(), alias=OptionalEnvVar.CALLS
    )
    #: Whether workflows are read from the artifacts bucket, too.
    workflows_in_bucket: bool = Field(default=False, alias=OptionalEnvVar.WORKFLOWS_IN_BUCKET)
    #: The runtime of AgentCore that does the agent's work; None for an agent whose code is here.
    runtime: Json[RuntimeTarget] | None = Field(default=None, alias=OptionalEnvVar.RUNTIME)
    #: Whether a streaming integration leads to the function.
    streams: bool = Field(default=False, alias=OptionalEnvVar.STREAMING)
    #: A number for a published version.
    function_version: str = Field(default="$LATEST", alias=OptionalEnvVar.FUNCTION_VERSION)
