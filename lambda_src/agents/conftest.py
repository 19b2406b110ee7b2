"""What the agents' own tests need: like all unit tests, they reach no network."""

from tests.unit.conftest import _alone

__all__ = ["_alone"]
