"""What a workflow in a function has around it."""

from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.names import EnvVar, OptionalEnvVar


def bucket_of(environment: AgentEnvironment) -> str | None:
    """Where workflows are besides the bundle; None for nowhere."""
    return environment.artifacts_bucket if environment.workflows_in_bucket else None


def environ_of(environment: AgentEnvironment) -> dict[str, str]:
    """What it sees of the process's environment, which holds the role's credentials."""
    prices = environment.prices
    return {
        EnvVar.MODEL_ID: environment.model_id,
        EnvVar.MODEL_REGION: environment.model_region,
        EnvVar.MAX_TOKENS: str(environment.max_tokens),
        **({OptionalEnvVar.MODEL_PRICES: prices.model_dump_json()} if prices else {}),
    }
