"""An agent's function in one environment, as its file says it."""

import platform
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from stacks.settings.concurrency import AGENT_CAP
from stacks.settings.errors import SettingsError
from tradewind.contracts.agent_manifest import FunctionNeeds

Architecture = Literal["arm64", "x86_64"]
#: This machine's architecture, by every name a platform gives it.
_MACHINES: Final[Mapping[str, Architecture]] = {
    "aarch64": "arm64",
    "arm64": "arm64",
    "x86_64": "x86_64",
    "amd64": "x86_64",
}


class FunctionSettings(FunctionNeeds):
    """An agent's function in one environment: its manifest's needs, and what differs here.

    Attributes:
        architecture: ``native`` is this machine's own, for functions that run on it.
        reserved_concurrency: Instances set aside for, and at most given to, this function; null for
            no such cap.
    """

    architecture: Annotated[
        Literal["arm64", "x86_64", "native"], Field(description="arm64, x86_64 or native")
    ] = "arm64"
    reserved_concurrency: Annotated[
        int | None,
        Field(ge=0, le=1000, description="a whole number from 0 to 1000, or null for none"),
    ] = AGENT_CAP

    @property
    def target_architecture(self) -> Architecture:
        """The architecture with ``native`` resolved.

        Raises:
            SettingsError: This machine's is not one that Lambda has.
        """
        if self.architecture != "native":
            return self.architecture
        machine = platform.machine().lower()
        if machine not in _MACHINES:
            raise SettingsError(f"architecture: native is not possible on a {machine} machine")
        return _MACHINES[machine]
