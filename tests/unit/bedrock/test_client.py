"""One client per process, configured as asked."""

import contextlib
import json
import threading
from typing import Any

import pytest

from tradewind.aws.clients import AwsClients
from tradewind.bedrock import client as client_module
from tradewind.bedrock.client import ClientPool, create_bedrock_client
from tradewind.contracts.environment import AgentEnvironment, ModelEnvironment
from tradewind.contracts.errors import ConfigurationError


@pytest.fixture
def environment(agent_variables: dict[str, str]) -> ModelEnvironment:
    return AgentEnvironment.from_variables(agent_variables)


def test_the_client_is_configured_as_the_environment_says(environment: ModelEnvironment) -> None:
    config = create_bedrock_client(environment).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 30)
    assert config.max_pool_connections == 10
    assert config.tcp_keepalive is True
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert config.region_name == "us-east-1"


def test_the_pool_creates_one_client_and_says_so(
    environment: ModelEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = ClientPool(environment)
    assert pool.created_at is None
    first = pool.get()
    created_at = pool.created_at
    assert pool.get() is first
    assert pool.created_at == created_at
    assert created_at is not None
    assert pool.creations == 1
    messages = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert messages == ["Creating new Bedrock runtime client", "Reusing existing Bedrock client"]


def test_threads_that_ask_together_get_one_client(
    environment: ModelEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[Any] = []
    real = create_bedrock_client
    both_in = threading.Barrier(2)

    def slow(environment: ModelEnvironment, aws: AwsClients | None) -> Any:
        # Gives a second creator the chance to come in; with the lock none does.
        with contextlib.suppress(threading.BrokenBarrierError):
            both_in.wait(0.2)
        created.append(real(environment, aws))
        return created[-1]

    monkeypatch.setattr(client_module, "create_bedrock_client", slow)
    pool = ClientPool(environment)
    threads = [threading.Thread(target=pool.get) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(created) == 1


def test_get_bedrock_client_is_one_object_for_the_process(
    agent_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client_module.get_client_pool.cache_clear()
    with pytest.raises(ConfigurationError, match="BEDROCK_MODEL_ID"):
        client_module.get_bedrock_client()
    for name, value in agent_variables.items():
        monkeypatch.setenv(name, value)
    try:
        assert client_module.get_bedrock_client() is client_module.get_bedrock_client()
    finally:
        client_module.get_client_pool.cache_clear()


def test_a_client_that_keeps_too_few_connections_is_replaced(
    environment: ModelEnvironment,
) -> None:
    pool = ClientPool(environment)
    first = pool.get()
    assert pool.get(10) is first
    larger = pool.get(30)
    assert larger is not first
    assert larger.meta.config.max_pool_connections == 30
    assert pool.get() is pool.get(20) is larger
    assert pool.creations == 2
