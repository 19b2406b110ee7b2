"""The domain's unit tests reach no network."""

from tests.unit.conftest import _alone

__all__ = ["_alone"]
