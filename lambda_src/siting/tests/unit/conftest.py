"""The domain's unit tests reach no network."""

from tests.unit.conftest import _alone, agent_variables

__all__ = ["_alone", "agent_variables"]
