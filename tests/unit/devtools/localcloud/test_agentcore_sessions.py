"""A session is one process, until its time is over. The clock is the test's."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devtools.localcloud.extension.agentcore.records import Version
from devtools.localcloud.extension.agentcore.sessions import Key, SessionEnded, Sessions

VERSION = Version(
    1,
    {"lifecycleConfiguration": {"idleRuntimeSessionTimeout": 60, "maxLifetime": 600}},
    Path(),
    datetime(2026, 1, 1, tzinfo=UTC),
)
KEY = Key("agent-AbCdEfGhIj", "DEFAULT", 1, "s" * 33)


class Agent:
    """A process that does as it is told."""

    def __init__(self) -> None:
        self.running = True
        self.works = False
        self.asked = 0
        self.answers: list[asyncio.Future[bool]] = []

    def alive(self) -> bool:
        return self.running

    async def busy(self) -> bool:
        self.asked += 1
        return await self.answers.pop() if self.answers else self.works

    def end(self) -> None:
        self.running = False


class World:
    """Sessions with their clock, and the processes that were started."""

    def __init__(self) -> None:
        self.time = 0.0
        self.started: list[Agent] = []
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.fails = False
        self.sessions: Sessions[Agent] = Sessions(self.start, lambda: self.time)

    async def start(self, _key: Key, _version: Version) -> Agent:
        agent = Agent()
        self.started.append(agent)
        try:
            await self.may_start.wait()
            assert not self.fails
        except BaseException:
            agent.end()
            raise
        return agent

    async def use(self, key: Key = KEY) -> Agent:
        async with self.sessions.use(key, VERSION) as agent:
            return agent


def in_a_loop(test: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def with_a_world() -> None:
            await test(World())

        asyncio.run(with_a_world())

    run.__name__ = test.__name__
    return run


@in_a_loop
async def test_a_session_is_the_same_process_again(world: World) -> None:
    assert await world.use() is await world.use()
    assert len(world.started) == 1


@in_a_loop
async def test_another_session_endpoint_version_or_runtime_is_another_process(
    world: World,
) -> None:
    keys = [
        KEY,
        KEY._replace(session_id="t" * 33),
        KEY._replace(endpoint="live"),
        KEY._replace(version=2),
        KEY._replace(runtime_id="other-AbCdEfGhIj"),
    ]
    assert len({id(await world.use(key)) for key in keys}) == len(keys)


@in_a_loop
async def test_two_at_once_wait_for_one_start(world: World) -> None:
    world.may_start.clear()
    both = [asyncio.ensure_future(world.use()) for _ in range(2)]
    await asyncio.sleep(0)
    world.may_start.set()
    first, second = await asyncio.gather(*both)
    assert first is second
    assert len(world.started) == 1


@in_a_loop
async def test_a_caller_that_hangs_up_takes_the_start_from_nobody(world: World) -> None:
    world.may_start.clear()
    leaves, stays = (asyncio.ensure_future(world.use()) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.sleep(0)
    world.may_start.set()
    assert (await stays).running
    assert len(world.started) == 1


@in_a_loop
async def test_a_start_that_fails_is_the_next_ones_to_try_again(world: World) -> None:
    world.fails = True
    with pytest.raises(AssertionError):
        await world.use()
    world.fails = False
    assert (await world.use()).running
    assert len(world.started) == 2


@in_a_loop
async def test_an_idle_session_ends_when_its_time_is_over_and_not_before(world: World) -> None:
    agent = await world.use()
    world.time = 59.9
    await world.sessions.sweep()
    assert agent.running
    world.time = 60
    await world.sessions.sweep()
    assert not agent.running
    assert await world.use() is not agent


@in_a_loop
async def test_each_use_begins_the_idle_time_again(world: World) -> None:
    agent = await world.use()
    for world.time in (50, 100, 150):
        assert await world.use() is agent


@in_a_loop
async def test_an_idle_session_is_over_for_the_next_request_even_before_a_sweep(
    world: World,
) -> None:
    agent = await world.use()
    world.time = 61
    assert await world.use() is not agent
    assert not agent.running


@in_a_loop
async def test_a_request_at_work_is_not_idle(world: World) -> None:
    async with world.sessions.use(KEY, VERSION) as agent:
        world.time = 599
        await world.sessions.sweep()
        assert agent.running
    world.time = 599 + 59
    assert agent.asked == 0


@in_a_loop
async def test_one_that_says_it_is_busy_is_not_idle(world: World) -> None:
    agent = await world.use()
    agent.works = True
    for world.time in (60, 120, 180):
        await world.sessions.sweep()
        assert agent.running
    agent.works = False
    world.time = 239
    await world.sessions.sweep()
    assert agent.running  # busy was a use
    world.time = 240
    await world.sessions.sweep()
    assert not agent.running


@in_a_loop
async def test_a_late_answer_to_whether_it_is_busy_ends_no_request(world: World) -> None:
    agent = await world.use()
    world.time = 60
    agent.answers = [late := asyncio.get_running_loop().create_future()]
    sweeping = asyncio.ensure_future(world.sessions.sweep())
    await asyncio.sleep(0)
    agent.works = True  # what the request's own question finds out
    async with world.sessions.use(KEY, VERSION) as again:
        late.set_result(False)
        await sweeping
        assert again is agent
        assert agent.running


@in_a_loop
async def test_no_session_outlives_its_lifetime_busy_or_not(world: World) -> None:
    async with world.sessions.use(KEY, VERSION) as agent:
        agent.works = True
        world.time = 600
        await world.sessions.sweep()
        assert not agent.running
    assert await world.use() is not agent


@in_a_loop
async def test_a_process_that_ended_by_itself_is_replaced(world: World) -> None:
    agent = await world.use()
    agent.running = False
    assert (await world.use()).running
    assert len(world.started) == 2


@in_a_loop
async def test_a_stopped_session_ends_and_is_none_any_more(world: World) -> None:
    agent = await world.use()
    assert world.sessions.stop(KEY.runtime_id, KEY.endpoint, KEY.session_id)
    assert not agent.running
    assert not world.sessions.stop(KEY.runtime_id, KEY.endpoint, KEY.session_id)


@in_a_loop
async def test_stopping_ends_no_other_session(world: World) -> None:
    other = await world.use(KEY._replace(session_id="t" * 33))
    assert not world.sessions.stop(KEY.runtime_id, KEY.endpoint, KEY.session_id)
    assert other.running


@in_a_loop
async def test_a_session_stopped_while_it_starts_says_so_and_leaves_no_process(
    world: World,
) -> None:
    world.may_start.clear()
    waits = asyncio.ensure_future(world.use())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.sessions.stop(KEY.runtime_id, KEY.endpoint, KEY.session_id)
    with pytest.raises(SessionEnded):
        await waits
    assert [agent.running for agent in world.started] == [False]


@in_a_loop
async def test_what_was_stopped_is_not_found_again_by_who_used_it(world: World) -> None:
    async with world.sessions.use(KEY, VERSION) as old:
        world.sessions.stop(KEY.runtime_id, KEY.endpoint, KEY.session_id)
        new = await world.use()
    assert new is not old
    assert await world.use() is new
