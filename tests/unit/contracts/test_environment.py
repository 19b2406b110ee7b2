"""A function's environment is whole, or the error names what is missing."""

import pytest

from tradewind.contracts.environment import (
    AgentEnvironment,
    DataSourceEnvironment,
    ModelEnvironment,
)
from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.names import AgentName, EnvVar


def test_all_variables_are_read(agent_variables: dict[str, str]) -> None:
    environment = AgentEnvironment.from_variables({**agent_variables, "PATH": "/usr/bin"})
    assert environment.agent is AgentName.TERRAIN
    assert environment.max_connections == 10
    assert environment.read_timeout_s == 30.0


@pytest.mark.parametrize("name", EnvVar)
def test_every_variable_of_the_contract_is_needed(
    agent_variables: dict[str, str], name: EnvVar
) -> None:
    assert set(agent_variables) == set(EnvVar)
    of_data = name in {EnvVar.OVERPASS_URL, EnvVar.WIND_DATA_URL}
    reader = DataSourceEnvironment if of_data else AgentEnvironment
    lacking = {key: value for key, value in agent_variables.items() if key != name}

    with pytest.raises(ConfigurationError, match=name):
        reader.from_variables(lacking)


@pytest.mark.parametrize(
    "url",
    [
        "http://overpass.test/api",
        "https://user:secret@overpass.test/api",
        "https://overpass.test/api?key=secret",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_data_source_is_an_https_address_without_secrets(
    agent_variables: dict[str, str], url: str
) -> None:
    with pytest.raises(ConfigurationError, match="OVERPASS_URL") as caught:
        DataSourceEnvironment.from_variables({**agent_variables, "OVERPASS_URL": url})
    assert "secret" not in str(caught.value)


def test_a_bad_value_is_named_and_not_repeated(agent_variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="BEDROCK_MAX_TOKENS") as caught:
        ModelEnvironment.from_variables({**agent_variables, "BEDROCK_MAX_TOKENS": "hunter2"})
    assert "hunter2" not in str(caught.value)
