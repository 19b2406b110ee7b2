"""Where maps and weather are asked for. TLS only: an answer decides on land."""

from pydantic import Field

from tradewind.contracts.environment import Environment
from tradewind.contracts.names import HTTPS_URL_PATTERN


class DataSourceEnvironment(Environment):
    """The addresses of the public services, from the environment."""

    overpass_url: str = Field(alias="OVERPASS_URL", pattern=HTTPS_URL_PATTERN)
    wind_data_url: str = Field(alias="WIND_DATA_URL", pattern=HTTPS_URL_PATTERN)
