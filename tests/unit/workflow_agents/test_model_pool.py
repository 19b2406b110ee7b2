"""The pool of models: what is kept, what leaves it, and when a client is closed."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tradewind.workflow.engine.calls import Model
from tradewind.workflow_agents import models
from tradewind.workflow_agents.models import ModelPool
from tradewind.workflow_agents.providers import Made
from tradewind.workflow_agents.statistics import Statistics

MODEL = Model("ollama", "m", host="http://localhost:1")


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models whose clients were closed, by their ids."""
    closed: list[str] = []

    def make(model: Model, _environ: Any) -> Made:
        async def close() -> None:
            await asyncio.sleep(0)
            closed.append(str(model.model_id))

        return Made(SimpleNamespace(name=model.model_id), close)  # type: ignore[arg-type]

    monkeypatch.setattr(models, "make", make)
    return closed


async def use(pool: ModelPool, number: int) -> None:
    model = replace(MODEL, model_id=f"m{number}")
    async with pool.lease(model, environ={}, statistics=Statistics()):
        pass


def test_at_most_sixteen_are_kept_and_the_least_recently_used_is_closed(
    closed: list[str],
) -> None:
    async def go() -> None:
        pool = ModelPool()
        for number in range(16):
            await use(pool, number)
        await use(pool, 0)
        assert closed == []
        await use(pool, 16)
        assert len(pool) == 16
        assert closed == ["m1"]
        await use(pool, 0)
        assert (pool.hits, pool.misses) == (2, 17)

    asyncio.run(go())


def test_a_model_in_use_is_closed_when_its_last_call_is_over(closed: list[str]) -> None:
    async def go() -> None:
        pool = ModelPool(max_models=1)
        lease: dict[str, Any] = {"environ": {}, "statistics": Statistics()}
        async with pool.lease(MODEL, **lease):
            async with pool.lease(MODEL, **lease):
                await use(pool, 1)
                assert closed == []
            assert closed == []
        assert closed == ["m"]
        await pool.close_all()
        assert closed == ["m", "m1"]
        assert len(pool) == 0

    asyncio.run(go())


def test_a_call_that_fails_gives_its_model_back(closed: list[str]) -> None:
    async def go() -> None:
        pool = ModelPool(max_models=1)
        with pytest.raises(LookupError):
            async with pool.lease(MODEL, environ={}, statistics=Statistics()):
                raise LookupError
        await use(pool, 1)
        assert closed == ["m"]

    asyncio.run(go())


def test_a_client_is_not_used_in_another_event_loop(closed: list[str]) -> None:
    pool = ModelPool()
    asyncio.run(use(pool, 0))  # left open, as a run that was killed leaves it
    asyncio.run(use(pool, 0))
    assert pool.misses == 2
    assert closed == []


def test_a_bedrock_client_that_was_replaced_takes_its_models_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    def make_bedrock(model: Model, client: Any) -> Made:
        made.append(client)
        return Made(SimpleNamespace(client=client))  # type: ignore[arg-type]

    monkeypatch.setattr(models, "make_bedrock", make_bedrock)
    clients: dict[int, object] = {5: object(), 10: object()}
    pool = ModelPool(lambda _region, connections: clients[connections])
    model = Model("bedrock", "m", region="us-east-1", max_tokens=1)

    async def go() -> None:
        for connections in (5, 5, 10, 10):
            pool.begin_run([model], connections)
            async with pool.lease(model, environ={}, statistics=Statistics()):
                pass

    asyncio.run(go())
    assert made == [clients[5], clients[10]]
    assert len(pool) == 1


def test_one_of_another_thread_is_closed_in_its_own_loop(closed: list[str]) -> None:
    async def go() -> None:
        pool = ModelPool(max_models=1)
        await use(pool, 0)
        await asyncio.to_thread(asyncio.run, use(pool, 1))
        while not closed:
            await asyncio.sleep(0)

    asyncio.run(go())
    assert closed == ["m0"]
