"""Where public data come from."""

import pytest

from siting.geodata.sources import DataSourceEnvironment
from tests.deployed_agents import AGENTS
from tradewind.contracts.errors import ConfigurationError

VARIABLES = {
    "OVERPASS_URL": "https://overpass.test/api/interpreter",
    "WIND_DATA_URL": "https://power.test/api",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_both_services_are_needed(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        DataSourceEnvironment.from_variables(
            {key: value for key, value in VARIABLES.items() if key != name}
        )


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
def test_a_data_source_is_an_https_address_without_secrets(url: str) -> None:
    with pytest.raises(ConfigurationError, match="OVERPASS_URL") as caught:
        DataSourceEnvironment.from_variables({**VARIABLES, "OVERPASS_URL": url})
    assert "secret" not in str(caught.value)


def test_the_terrain_agent_is_told_both() -> None:
    told = AGENTS["terrain"].function.endpoints

    assert DataSourceEnvironment.from_variables(told).overpass_url == told["OVERPASS_URL"]
    assert DataSourceEnvironment.from_variables(told).wind_data_url == told["WIND_DATA_URL"]
