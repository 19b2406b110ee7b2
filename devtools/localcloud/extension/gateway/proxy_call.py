"""One request on its way to a function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProxyCall:
    """What a proxy integration sends, and how it takes the answer.

    Attributes:
        function: MiniStack's record of the function, ready to be executed.
        event: The proxy event.
        timeout_s: How long the integration may take.
        accept: The request's Accept header.
        binary_media_types: The API's.
        integration: The method's integration, as GetIntegration shows it.
    """

    function: Mapping[str, Any]
    event: Mapping[str, Any]
    timeout_s: float
    accept: str
    binary_media_types: list[str]
    integration: Mapping[str, Any]
