"""What an agent's process is told by its environment."""

from collections.abc import Mapping

from stacks.parts.functions import logging_variables
from stacks.settings.environment import Settings
from stacks.state import StateStack
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS, AgentManifest, in_order
from tradewind.contracts.names import EnvVar, OptionalEnvVar


def agent_variables(
    settings: Settings,
    state: StateStack,
    agent: AgentManifest,
    agents: Mapping[str, AgentManifest],
) -> dict[str, str]:
    """The variables of an agent's process; ``contracts.environment`` reads them.

    Args:
        settings: The environment's.
        state: Where its data is.
        agent: Whose process it is.
        agents: All of them.
    """
    model = settings.model
    tracing: dict[str, str] = (
        {OptionalEnvVar.OTLP_ENDPOINT: settings.otlp_endpoint} if settings.otlp_endpoint else {}
    )
    return {
        EnvVar.AGENT: agent.name,
        EnvVar.ENVIRONMENT: settings.environment,
        EnvVar.MODEL_ID: model.id,
        EnvVar.MODEL_REGION: model.region,
        EnvVar.MAX_TOKENS: str(model.max_tokens),
        EnvVar.CONNECT_TIMEOUT_S: str(model.connect_timeout_s),
        EnvVar.READ_TIMEOUT_S: str(model.read_timeout_s),
        EnvVar.MAX_CONNECTIONS: str(model.max_connections),
        EnvVar.ARTIFACTS_BUCKET: state.artifacts.bucket_name,
        EnvVar.RECORDS_TABLE: state.records.table_name,
        EnvVar.RECORD_TTL_DAYS: str(settings.record_ttl_days),
        EnvVar.SESSIONS_TABLE: state.sessions.table_name,
        EnvVar.SESSION_TTL_DAYS: str(settings.session_ttl_days),
        EnvVar.SESSION_HISTORY_TOKENS: str(settings.session_history_tokens),
        EnvVar.QUESTION_LIFE_DAYS: str(settings.question_life_days),
        EnvVar.BUDGETS_TABLE: state.budgets.table_name,
        OptionalEnvVar.MODEL_PRICES: settings.model_prices.model_dump_json(),
        OptionalEnvVar.BUDGETS: settings.budgets.model_dump_json(),
        OptionalEnvVar.LOG_SAMPLE_PERCENT: str(settings.log_sample_percent),
        **tracing,
        **logging_variables(settings, agent.name),
        EnvVar.READS_FROM: ",".join(in_order(agent.reads_from, agents)),
        **_for_workflows(settings, agent),
        **settings.function(agent).endpoints,
    }


def _for_workflows(settings: Settings, agent: AgentManifest) -> dict[str, str]:
    """What a process that runs workflows is told besides."""
    if agent.framework != RUNS_WORKFLOWS:
        return {}
    variables: dict[str, str] = {OptionalEnvVar.CALLS: ",".join(agent.calls)} if agent.calls else {}
    if settings.workflows.in_bucket:
        variables[OptionalEnvVar.WORKFLOWS_IN_BUCKET] = "1"
    return variables
