"""Whose calls these are, and what carries them."""

from pathlib import Path

import pytest
from botocore.session import Session, get_session

from tests.integration.agentcore_socket.servers import KEY, SECRET, TOKEN


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """That of a role whose signatures the door knows."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return monkeypatch


@pytest.fixture
def session(environment: pytest.MonkeyPatch) -> Session:
    """A session of that role; the endpoint is read when the first call is made."""
    del environment
    return get_session()
