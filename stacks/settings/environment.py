"""Deploy-time choices of one environment; ``file`` reads them from its file."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.agentcore import AgentCoreSettings
from stacks.settings.alarm import AlarmSettings
from stacks.settings.api import ApiSettings, ExternalCaller, OidcSettings
from stacks.settings.aws_budget import AwsBudgetSettings
from stacks.settings.concurrency import SWEEP_CAP, ConcurrencySettings
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.email import Email
from stacks.settings.function import FunctionSettings
from stacks.settings.model import ModelSettings
from stacks.settings.network import NetworkSettings
from stacks.settings.prices import PriceSettings
from stacks.settings.provisioned import ProvisionedSettings
from stacks.settings.region import Region, partition_of
from stacks.settings.retention import RetentionDays
from stacks.settings.runtime import RuntimeSettings
from stacks.settings.signing import CodeSigningSettings
from stacks.settings.tags import TagsOfAll
from stacks.settings.watching import WatchingSettings
from stacks.settings.workflow import WorkflowSettings
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import (
    AGENT_NAME_LENGTH,
    AGENT_NAME_PATTERN,
    API,
    AUTHORIZER,
    DURABLE,
    MCP,
    PROBE,
    SWEEP,
)
from tradewind.contracts.prices import BudgetLimits, ModelPrices
from tradewind.contracts.validation import Frozen, whole_number

#: What an environment may be called: it becomes part of resource names and of a file's path. Two
#: hyphens in a row would be two underscores in names, which end an environment's in a runtime's.
ENVIRONMENT_NAME_PATTERN: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
ENVIRONMENT_NAME_LENGTH: Final = 20

_MAPPING: Final = "a mapping"


def _out_of_reach(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("model_reach", "{sentence}", {"sentence": sentence})


_Days = Annotated[int, whole_number(1, 3650)]


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
        network: The VPC that functions are in, with `create` (`cidr`, `zones`) or `given` (`vpc`,
            `subnets`, `security_groups`, `route_tables`), and `outside`; null for none. See
            docs/network.md.
        concurrency: How many instances functions have at most.
        provisioned: Functions of which instances are kept started, by the agent's or runtime's
            name, `api`, `mcp` or `authorizer`; each with `instances`, and perhaps `most` and
            `at_percent`, or a `schedule` of `cron`, `time_zone` and `instances`.
        deployment: How a new version of an agent gets its requests, and which ones are kept.
        runtimes: Runtimes on AgentCore that are asked as agents are, by name; each with a
            description, and an arn or the name of an agent that is deployed there.
        api: The REST API that the agents are reached by.
        oidc: Whose tokens let callers in beside those who sign with AWS credentials, with `issuer`
            and `audience`; null for nobody's.
        external_callers: Callers outside AWS or in another account, by name; each gets a role or a
            user that may use its routes of the API, and nothing else.
        workflows: Where workflows run.
        agentcore: Sessions of the agents that AgentCore Runtime runs, too.
        code_signing: Whose signature the functions' code must have; null for nobody's.
        log_level: The functions' own; Lambda's platform lines and lines of metrics always stay.
        log_retention_days: For each function's log group.
        snap_start: Whether published versions start from a snapshot.
        log_sample_percent: Share of requests whose prompt and answer are logged, redacted.
        otlp_endpoint: Where spans are sent over OTLP/HTTP; null for no spans.
        alarm_email: Who is woken by alarms.
        notice_email: Who is told what can wait for the morning; null for whoever is woken.
        alarms: When they go off.
        watching: What becomes custom metrics.
        runbook_url: Where the runbooks are read, such as the repository's web address; without
            it, alarms name the file.
        prices: What tokens and guardrails cost.
        budgets: What model calls may cost.
        aws_budget: What the account may cost a month before those who hear of alarms are told, with
            `usd_per_month` and perhaps `at_percent`; null for no such budget.
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

    environment: Annotated[
        str, Field(pattern=rf"^{ENVIRONMENT_NAME_PATTERN}$", max_length=ENVIRONMENT_NAME_LENGTH)
    ]
    account: Annotated[
        str | None, Field(pattern=r"^[0-9]{12}$", description="twelve digits in quotes, or null")
    ] = None
    region: Region
    model: Annotated[ModelSettings, Field(description=_MAPPING)]
    functions: Annotated[FunctionSettings, Field(description=_MAPPING)] = FunctionSettings()
    agents: Annotated[
        Mapping[str, FunctionSettings], Field(description="a mapping of agents' names")
    ] = {}
    network: Annotated[
        NetworkSettings | None, Field(description="a mapping of create or given, or null")
    ] = None
    concurrency: Annotated[ConcurrencySettings, Field(description=_MAPPING)] = ConcurrencySettings()
    provisioned: Annotated[
        Mapping[str, ProvisionedSettings], Field(description="a mapping of functions' names")
    ] = {}
    deployment: Annotated[DeploymentSettings, Field(description=_MAPPING)] = DeploymentSettings()
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
    code_signing: Annotated[CodeSigningSettings | None, Field(description="a mapping, or null")] = (
        None
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARN", "ERROR"], Field(description="DEBUG, INFO, WARN or ERROR")
    ]
    log_retention_days: RetentionDays
    snap_start: Annotated[bool, Field(description="true or false")]
    alarm_email: Annotated[Email | None, Field(description="an e-mail address, or null")]
    notice_email: Annotated[Email | None, Field(description="an e-mail address, or null")] = None
    log_sample_percent: Annotated[
        float, Field(ge=0, le=100, description="a number of percent from 0 to 100")
    ]
    otlp_endpoint: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?$",
            max_length=255,
            description="an http(s) URL, or null",
        ),
    ]
    alarms: Annotated[AlarmSettings, Field(description=_MAPPING)]
    watching: Annotated[WatchingSettings, Field(description=_MAPPING)] = WatchingSettings()
    runbook_url: Annotated[
        str | None,
        Field(
            pattern=r"^https://[!-~]+[!-.0-~]$",
            # It stands in alarms' descriptions, which have 1024 characters.
            max_length=255,
            description="an https URL without a last /, or null",
        ),
    ]
    prices: Annotated[PriceSettings, Field(description=_MAPPING)]
    budgets: Annotated[BudgetLimits, Field(description=_MAPPING)] = BudgetLimits()
    aws_budget: Annotated[
        AwsBudgetSettings | None, Field(description="a mapping of usd_per_month, or null")
    ] = None
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
    tags: TagsOfAll

    @model_validator(mode="after")
    def _model_has_a_price(self) -> "Settings":
        if self.model.id not in self.prices.usd_per_million_tokens:
            raise PydanticCustomError("price", "{model}", {"model": self.model.id})
        return self

    @model_validator(mode="after")
    def _models_are_in_reach(self) -> "Settings":
        for choice in self.model.granted:
            if partition_of(choice.region) != partition_of(self.region):
                raise _out_of_reach(
                    f"{choice.id} is called in {choice.region}, which no role of {self.region} "
                    "reaches; give a region of the same partition"
                )
            if choice.profile_per_agent and choice.region != self.region:
                raise _out_of_reach(
                    f"profile_per_agent: the stacks of {self.region} make no profile in "
                    f"{choice.region}; give the model the region of the stacks"
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

    def function_names(self, agents: Mapping[str, AgentManifest]) -> list[str]:
        """Every function that is deployed, by its name.

        Args:
            agents: Every agent, the runtimes among them.
        """
        tokens = [AUTHORIZER] if self.oidc is not None else []
        durable = [DURABLE] if self.workflows.durable else []
        probe = [PROBE] if self.deployment.gradual else []
        return [*agents, API, MCP, SWEEP, *tokens, *durable, *probe]

    def reservations(self, agents: Mapping[str, AgentManifest]) -> dict[str, int]:
        """The instances set aside for each function, by its name, of those that are capped.

        Args:
            agents: Every agent, the runtimes among them.
        """
        said = {name: self.function(one).reserved_concurrency for name, one in agents.items()} | {
            API: self.api.reserved_concurrency,
            MCP: self.api.reserved_concurrency,
            SWEEP: SWEEP_CAP,
            AUTHORIZER: self.concurrency.authorizer,
            DURABLE: self.concurrency.durable,
            # Each agent's deployment asks it once.
            PROBE: len(agents) - len(self.runtimes),
        }
        caps = {name: self.concurrency.cap(said[name]) for name in self.function_names(agents)}
        return {name: cap for name, cap in caps.items() if cap is not None}

    @property
    def on_this_machine(self) -> bool:
        """Whether its functions run on the machine it is deployed from: in the embedded AWS."""
        return self.functions.architecture == "native"

    @property
    def nobody_paged(self) -> str | None:
        """That nobody is woken by alarms, where somebody else than who deploys may rely on it."""
        if self.alarm_email is not None or self.on_this_machine:
            return None
        whom = (
            "Nobody is told of"
            if self.notice_email is None
            else "notice_email is told of what can wait, and nobody is paged by"
        )
        return (
            f"{whom} {self.environment}'s alarms: give alarm_email in "
            f"config/{self.environment}.yaml"
        )

    @property
    def runbooks_not_linked(self) -> str | None:
        """That a mail ends in a file's name, which nobody can follow from where mails are read."""
        if self.runbook_url is not None or self.on_this_machine:
            return None
        return (
            f"Mails of {self.environment}'s alarms name their runbooks by the repository's files, "
            f"and link to none: give runbook_url in config/{self.environment}.yaml"
        )

    @property
    def model_prices(self) -> ModelPrices:
        """What the model's calls cost."""
        return ModelPrices(
            **self.prices.usd_per_million_tokens[self.model.id].model_dump(),
            guardrail=self.prices.guardrail_usd_per_thousand_units,
        )
