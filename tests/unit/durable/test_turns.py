"""A loop that runs until nothing can run, and no further."""

import asyncio

import pytest

from tradewind.durable.turns import TurnLoop


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


def test_a_turn_ends_when_all_wait(clock: list[float]) -> None:
    loop = TurnLoop(lambda: clock[0])
    answers: list[asyncio.Future[str]] = [loop.create_future() for _ in range(2)]
    seen: list[str] = []

    async def work(number: int) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        seen.append(await answers[number])

    tasks = [loop.create_task(work(number)) for number in range(2)]
    loop.run_turn()
    assert seen == []
    answers[1].set_result("second")
    loop.run_turn()
    assert seen == ["second"]
    answers[0].set_result("first")
    loop.run_turn()
    assert all(task.done() for task in tasks)
    loop.close()


def test_a_timer_is_due_when_the_clock_says_so(clock: list[float]) -> None:
    loop = TurnLoop(lambda: clock[0])
    task = loop.create_task(asyncio.sleep(60, "woken"))
    loop.run_turn()
    assert not task.done()
    clock[0] = 60.0
    loop.run_turn()
    assert task.result() == "woken"
    loop.close()


def test_what_is_unwound_has_ended(clock: list[float]) -> None:
    loop = TurnLoop(lambda: clock[0])
    ended: list[str] = []

    async def part() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("part")

    async def whole() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(part())
            group.create_task(part())

    task = loop.create_task(whole())
    loop.run_turn()
    loop.unwind(task)
    assert task.cancelled()
    assert ended == ["part", "part"]
    assert not asyncio.all_tasks(loop)
    loop.close()
