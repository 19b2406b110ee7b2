"""Clients for an agent's tools are the process's own."""

from collections.abc import Iterator

import pytest

from tradewind.bedrock.client import process_clients
from tradewind.run.services import aws_client


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    for made_once in (process_clients, aws_client):
        made_once.cache_clear()
    yield
    for made_once in (process_clients, aws_client):
        made_once.cache_clear()


def test_a_service_has_one_client_for_all_tools() -> None:
    client = aws_client("sqs")
    assert client.meta.service_model.service_name == "sqs"
    assert aws_client("sqs") is client
    assert aws_client("sqs", may_run_twice=True) is not client


def test_botocore_repeats_nothing_by_itself() -> None:
    config = aws_client("sqs").meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert config.tcp_keepalive is True
