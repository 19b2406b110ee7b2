"""A workflow file as objects: one class for each object of the format.

What the file's schema can say is said here, in ``patterns``, ``steps`` and ``tools``; what takes
more than one place of the file to see is in ``checks``.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from tradewind.workflow.spec.fields import (
    UNIQUE,
    Closed,
    Filled,
    Id,
    Json,
    Listed,
    Schema,
    Template,
    number,
    refused,
    respelled,
    whole,
)
from tradewind.workflow.spec.patterns import Pattern
from tradewind.workflow.spec.tools import Skill, Tools

Provider = Literal["bedrock", "openai", "ollama", "anthropic", "gemini", "azure_openai"]
InputType = Literal["string", "number", "integer", "boolean", "array", "object"]
#: Budgets' spellings that mean the same.
BUDGET_SPELLINGS: Final = {
    "tokens": "max_tokens",
    "steps": "max_steps",
    "duration_s": "max_duration_s",
}


class Budgets(Closed):
    """What a run may use; what is not set is not limited.

    Attributes:
        max_steps: Invocations of agents.
        max_tokens: Of all of them together.
        max_duration_s: By the clock, without the time that people take.
        warn_threshold: The part of a budget whose use is warned of.
    """

    max_steps: Annotated[int, whole(1)] | None = None
    max_tokens: Annotated[int, whole(1)] | None = None
    max_duration_s: Annotated[int, whole(1)] | None = None
    warn_threshold: Annotated[float, number(0, 1)] = 0.8

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        return respelled(data, BUDGET_SPELLINGS)


class FailurePolicy(Closed):
    """How often a call that failed is repeated, and after how many seconds."""

    retries: Annotated[int, whole(0)] = 2
    backoff: Literal["exponential", "constant", "jittered"] = "exponential"
    wait_min: Annotated[float, number(0)] = 1.0
    wait_max: Annotated[float, number(0)] = 60.0

    @model_validator(mode="after")
    def _in_order(self) -> "FailurePolicy":
        if self.wait_min > self.wait_max:
            raise refused(
                f"`wait_min` must be at most `wait_max`, and {self.wait_min:g} is above "
                f"{self.wait_max:g}"
            )
        return self


class Runtime(Closed):
    """Which models, and how they are called.

    Attributes:
        provider: Whose models; ``azure_openai`` is reserved.
        model_id: Of every agent that names none.
        region: Of AWS; bedrock needs it.
        host: The provider's address; ollama needs it.
        space_id: Not used.
        temperature: Of the model.
        top_p: Of the model.
        max_tokens: The longest reply.
        max_parallel: Calls of agents at the same time, in the whole run.
        budgets: What the run may use.
        failure_policy: What happens when a call fails.
    """

    provider: Provider
    model_id: str | None = None
    region: str | None = None
    host: str | None = None
    space_id: str | None = None
    temperature: Annotated[float, number(0, 2)] | None = None
    top_p: Annotated[float, number(0, 1)] | None = None
    max_tokens: Annotated[int, whole(1)] | None = None
    max_parallel: Annotated[int, whole(1)] = 5
    budgets: Budgets = Budgets()
    failure_policy: FailurePolicy = FailurePolicy()


class InputDeclaration(Closed):
    """What an input is.

    Attributes:
        type: The type of its values.
        description: For whoever gives it.
        default: Its value where none is given.
        enum: The values there are to choose from.
    """

    type: InputType
    description: str | None = None
    default: Json = None
    enum: Annotated[tuple[Json, ...], Field(strict=False, min_length=1)] | None = None


def _in_full(declaration: Any) -> Any:
    return {"type": declaration} if isinstance(declaration, str) else declaration


_Declared = Annotated[InputDeclaration, BeforeValidator(_in_full)]


class Inputs(Closed):
    """What a run is given.

    Attributes:
        required: What it cannot do without.
        optional: What may be left out.
        values: Values of the file's own, declared or not.
    """

    required: dict[Filled, _Declared] = Field(default_factory=dict)
    optional: dict[Filled, _Declared] = Field(default_factory=dict)
    values: dict[Filled, Json] = Field(default_factory=dict)


class Secret(Closed):
    """A secret by the name of its variable."""

    key: Id
    source: Literal["env", "secrets_manager", "ssm", "file"]
    name: str | None = None
    path: str | None = None


class Env(Closed):
    """What of its surroundings a workflow uses."""

    secrets: Listed[Secret] = ()
    mounts: dict[str, str] = Field(default_factory=dict)


class Otel(Closed):
    """Where spans go; without an endpoint, to the console."""

    endpoint: str | None = None
    service_name: str | None = None
    sample_ratio: Annotated[float, number(0, 1)] = 1.0


class Redact(Closed):
    """What is not written into traces as it is."""

    tool_inputs: bool = True
    tool_outputs: bool = False
    custom_patterns: Listed[str] = ()


class Telemetry(Closed):
    """What a run tells of itself."""

    otel: Otel | None = None
    redact: Redact = Redact()


class Compaction(Closed):
    """A conversation that goes on, and is summarized when it grows long.

    Attributes:
        enabled: Whether conversations go on at all.
        when_tokens_over: When it is summarized; 60,000 where nothing is set.
        summary_ratio: How much of it is.
        preserve_recent_messages: How many of the last messages stay as they are.
        summarization_model: Which model does it, where another is to.
    """

    enabled: bool = True
    when_tokens_over: Annotated[int, whole(1000)] | None = None
    summary_ratio: Annotated[float, number(0, 1)] = 0.35
    preserve_recent_messages: Annotated[int, whole(1)] = 12
    summarization_model: str | None = None


class Notes(Closed):
    """A file to which every call of an agent adds what it did, and from which the next ones read.

    Attributes:
        file: Where it is.
        include_last: How many notes a system prompt gets.
        format: How it is written.
    """

    file: Filled
    include_last: Annotated[int, whole(1)] = 12
    format: Literal["markdown", "json"] = "markdown"


class Retrieval(Closed):
    """Tools that every agent gets."""

    jit_tools: Listed[Literal["grep", "head", "tail", "search"]] = ()
    mcp_servers: Listed[str] = ()


class ContextPolicy(Closed):
    """What agents remember."""

    compaction: Compaction | None = None
    notes: Notes | None = None
    retrieval: Retrieval | None = None


class Inference(Closed):
    """How one agent's model is asked, where it differs from the runtime's."""

    temperature: Annotated[float, number(0, 2)] | None = None
    top_p: Annotated[float, number(0, 1)] | None = None
    max_tokens: Annotated[int, whole(1)] | None = None


class AgentSpec(Closed):
    """An agent.

    Attributes:
        prompt: Its system prompt.
        tools: Which of the file's tools it has; None is all, an empty tuple is none.
        provider: Whose model, where it is not the runtime's.
        model_id: Which model, where it is not the runtime's.
        inference: How it is asked.
        input_schema: A JSON Schema, or the path of one; a loaded file has the schema itself.
        output_schema: The same of its replies.
    """

    prompt: Template
    tools: Listed[str] | None = None
    provider: Provider | None = None
    model_id: str | None = None
    inference: Inference = Inference()
    input_schema: Schema | None = None
    output_schema: Schema | None = None


class AgentReference(Closed):
    """An agent of another file, and what is different about it here.

    Attributes:
        ref: The path of the file, relative to this one; ``$ref`` in the file.
    """

    ref: Filled = Field(alias="$ref")
    tools: Listed[str] | None = None
    provider: Provider | None = None
    model_id: str | None = None
    inference: Inference | None = None


class Artifact(Closed):
    """A file that is written after success.

    Attributes:
        path: Its name.
        content: What is in it; ``from`` in the file.
    """

    path: Template
    content: Template = Field(alias="from")


class Outputs(Closed):
    """What a run leaves."""

    artifacts: Listed[Artifact] = ()


class Guardrails(Closed):
    """What agents must not do; an empty ``allow_tools`` allows none."""

    deny_network: bool = False
    pii_redaction: bool = False
    allow_tools: Listed[str] | None = None


class Security(Closed):
    """What is forbidden."""

    guardrails: Guardrails = Guardrails()


class Metadata(Closed):
    """Names and labels for whoever keeps the file."""

    name: str | None = None
    description: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


def _as_text(version: Any) -> Any:
    if isinstance(version, bool) or not isinstance(version, int | float | str):
        raise refused("must be a whole number or a string, such as 0")
    return str(version)


_Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Spec(Closed):
    """A workflow file."""

    version: Annotated[str, BeforeValidator(_as_text)]
    name: Filled
    description: str | None = None
    tags: Annotated[Listed[_Tag], UNIQUE] = ()
    metadata: Metadata | None = None
    runtime: Runtime
    inputs: Inputs = Inputs()
    env: Env = Env()
    telemetry: Telemetry | None = None
    context_policy: ContextPolicy = ContextPolicy()
    tools: Tools = Tools()
    skills: Listed[Skill] = ()
    outputs: Outputs = Outputs()
    security: Security = Security()
    agents: dict[Id, AgentSpec]
    pattern: Pattern
