"""A function's environment is whole, or the error names what is missing."""

import pytest

from bench.environment import of_agent
from tradewind.contracts.environment import AgentEnvironment, ModelEnvironment
from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.names import EnvVar, OptionalEnvVar


def test_all_variables_are_read(agent_variables: dict[str, str]) -> None:
    environment = AgentEnvironment.from_variables({**agent_variables, "PATH": "/usr/bin"})
    assert environment.agent == "terrain"
    assert environment.max_connections == 10
    assert environment.read_timeout_s == 30.0


@pytest.mark.parametrize("name", EnvVar)
def test_every_variable_of_the_contract_is_needed(
    agent_variables: dict[str, str], name: EnvVar
) -> None:
    assert set(agent_variables) == set(EnvVar)
    lacking = {key: value for key, value in agent_variables.items() if key != name}

    with pytest.raises(ConfigurationError, match=name):
        AgentEnvironment.from_variables(lacking)


def test_the_benchmark_gives_a_function_what_it_needs() -> None:
    assert AgentEnvironment.from_variables(of_agent("terrain")).agent


def test_the_agents_it_reads_from_are_a_list(agent_variables: dict[str, str]) -> None:
    several = {**agent_variables, "TRADEWIND_READS_FROM": "terrain,layout"}
    none = {**agent_variables, "TRADEWIND_READS_FROM": ""}

    assert AgentEnvironment.from_variables(several).reads_from == ("terrain", "layout")
    assert AgentEnvironment.from_variables(none).reads_from == ()


def test_a_bad_value_is_named_and_not_repeated(agent_variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="BEDROCK_MAX_TOKENS") as caught:
        ModelEnvironment.from_variables({**agent_variables, "BEDROCK_MAX_TOKENS": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_what_is_optional_is_off_by_itself(agent_variables: dict[str, str]) -> None:
    environment = AgentEnvironment.from_variables(agent_variables)
    assert environment.prices is None
    assert environment.log_sample_percent == 0
    assert environment.function_version == "$LATEST"


def test_tokens_have_their_own_prices(agent_variables: dict[str, str]) -> None:
    prices = AgentEnvironment.from_variables(
        {
            **agent_variables,
            OptionalEnvVar.MODEL_PRICES: (
                '{"input": 1, "output": 10, "cache_read": 100, "cache_write": 1000}'
            ),
        }
    ).prices
    assert prices is not None
    cost = prices.cost_usd(input_tokens=4, output_tokens=3, cache_read=2, cache_write=1)
    assert cost == pytest.approx(1234e-6)


@pytest.mark.parametrize("prices", ["{", "{}", '{"input": -1}', "1"])
def test_bad_prices_are_refused(agent_variables: dict[str, str], prices: str) -> None:
    with pytest.raises(ConfigurationError, match="TRADEWIND_MODEL_PRICES"):
        AgentEnvironment.from_variables({**agent_variables, OptionalEnvVar.MODEL_PRICES: prices})
