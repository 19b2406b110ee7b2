"""Unit tests open no sockets."""

import os
import socket
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tests.agent_environment import AGENT_VARIABLES


@pytest.fixture(autouse=True, scope="module")
def _alone() -> Iterator[None]:
    """No test reaches a network, or finds a developer's own AWS settings."""

    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise AssertionError("a unit test tried to open a connection")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket.socket, "connect_ex", refuse)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_ACCESS_KEY_ID", "unit")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture
def agent_variables() -> dict[str, str]:
    """The environment of an agent function."""
    return dict(AGENT_VARIABLES)
