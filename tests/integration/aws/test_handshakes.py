"""A TLS handshake that hangs is a connection that does not come about, and may be tried again."""

import socket

import pytest
from botocore.exceptions import ConnectTimeoutError

from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated


def test_a_handshake_that_hangs_is_no_slow_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.aws.repeats.MAX_ATTEMPTS", 2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{deaf.getsockname()[1]}")
        client = AwsClients().create(
            "dynamodb",
            repeats=Repeated(may_run_twice=False),
            region="us-east-1",
            connect_timeout_s=0.2,
        )
        with pytest.raises(ConnectTimeoutError):
            client.list_tables()
        deaf.settimeout(60)
        for _ in range(2):
            came, _address = deaf.accept()
            came.close()
