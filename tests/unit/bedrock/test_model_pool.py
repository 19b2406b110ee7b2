"""Models are shared by what makes them differ, on the client they were asked for."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.model_pool import MAX_MODELS, ModelKey, ModelPool
from tradewind.contracts.environment import ModelEnvironment
from tradewind.run import pydantic_ai_agent, strands_model


@pytest.fixture(scope="module")
def client() -> Any:
    return create_bedrock_client(
        ModelEnvironment(
            BEDROCK_MODEL_ID="m",
            BEDROCK_REGION="us-east-1",
            BEDROCK_MAX_TOKENS=16,
            BEDROCK_CONNECT_TIMEOUT_S=1,
            BEDROCK_READ_TIMEOUT_S=1,
            BEDROCK_MAX_CONNECTIONS=1,
        )
    )


KEY = ModelKey("bedrock", "us.anthropic.claude-sonnet-4-6", "us-east-1", "https://b", 1024)


def test_a_clients_key_says_where_the_client_calls(client: Any) -> None:
    assert ModelKey.for_client(client, "m", 16) == ModelKey(
        provider="bedrock",
        model_id="m",
        region="us-east-1",
        endpoint="https://bedrock-runtime.us-east-1.amazonaws.com",
        max_tokens=16,
        temperature=None,
        top_p=None,
    )


class Model:
    """A framework's model."""

    def __init__(self, key: ModelKey, client: Any) -> None:
        self.key = key
        self.client = client


def test_the_model_runs_on_the_client_it_was_given(client: Any) -> None:
    model = ModelPool(Model).get(KEY, client)
    assert model.client is client
    assert model.key is KEY


def test_each_frameworks_model_is_what_the_key_says(client: Any) -> None:
    cool = replace(KEY, temperature=0.0, top_p=0.5)
    strands = strands_model.create_model(cool, client)
    assert strands.client is client
    config = strands.get_config()
    assert (config["model_id"], config["max_tokens"]) == (KEY.model_id, 1024)
    assert (config["temperature"], config["top_p"]) == (0.0, 0.5)
    assert "temperature" not in strands_model.create_model(KEY, client).get_config()

    pydantic_ai = pydantic_ai_agent.create_model(cool, client)
    assert pydantic_ai.client is client
    assert pydantic_ai.model_name == KEY.model_id
    assert pydantic_ai.settings is not None
    assert pydantic_ai.settings["max_tokens"] == 1024
    assert (pydantic_ai.settings["temperature"], pydantic_ai.settings["top_p"]) == (0.0, 0.5)
    assert "temperature" not in (pydantic_ai_agent.create_model(KEY, client).settings or {})


def test_same_key_same_model_and_any_difference_another(client: Any) -> None:
    pool = ModelPool(Model)
    first = pool.get(KEY, client)
    assert pool.get(replace(KEY), client) is first
    for other in (
        replace(KEY, model_id="eu.anthropic.claude-sonnet-4-6"),
        replace(KEY, max_tokens=2048),
        replace(KEY, temperature=0.0),
        replace(KEY, top_p=0.5),
        replace(KEY, endpoint="https://elsewhere"),
    ):
        assert pool.get(other, client) is not first
    assert (pool.hits, pool.misses) == (1, 6)


def test_a_model_on_another_client_is_not_handed_out(client: Any) -> None:
    pool = ModelPool(Model)
    first = pool.get(KEY, client)

    class Other:
        meta = client.meta

    other: Any = Other()
    assert pool.get(KEY, other).client is other
    assert pool.get(KEY, client) is not first


@settings(max_examples=30, deadline=None)
@given(uses=st.lists(st.integers(0, 24), max_size=60))
def test_the_pool_keeps_the_most_recently_used(client: Any, uses: list[int]) -> None:
    pool = ModelPool(Model, max_models=4)
    recent: list[int] = []
    for number in uses:
        hits = pool.hits
        pool.get(replace(KEY, max_tokens=number + 1), client)
        assert (pool.hits > hits) == (number in recent)
        recent = [*(kept for kept in recent if kept != number), number][-4:]
        assert len(pool) == len(recent)
    assert pool.hits + pool.misses == len(uses)


def test_threads_that_ask_together_get_one_model(client: Any) -> None:
    pool = ModelPool(Model)
    models: list[object] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        models.append(pool.get(KEY, client))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(model) for model in models}) == 1
    assert (pool.hits, pool.misses) == (7, 1)


def test_at_most_sixteen_models_are_kept(client: Any) -> None:
    pool = ModelPool(Model)
    for tokens in range(1, 30):
        pool.get(replace(KEY, max_tokens=tokens), client)
    assert len(pool) == MAX_MODELS == 16
