"""Strands' own session manager on our table, and two agents that go on with one conversation."""

import asyncio
import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest
from strands import Agent
from strands.session import SnapshotSessionManager
from strands.storage import Storage
from strands.types.exceptions import StorageError

from tests.answers import saying
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.scripted_model import ScriptedClients
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.contracts.names import SESSION_KEY, SESSION_TURN
from tradewind.conversations.strands_storage import SessionStorage, StorageConflict
from tradewind.run.strands_model import PooledBedrockModel

Make = Callable[[], Storage[str, str]]


class LastWriteWins(SessionStorage):
    """A storage that writes without a condition, as published ones do."""

    async def write(self, key: str, data: bytes) -> None:
        self._client.put_item(
            TableName=self._table_name,
            Item={
                SESSION_KEY: {"S": self._key},
                SESSION_TURN: {"S": key},
                "version": {"S": os.urandom(8).hex()},
                "content": {"B": gzip.compress(data)},
            },
        )


@pytest.fixture
def make(dynamodb: LoopbackDynamoDB, table_name: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes storages of one conversation."""
    monkeypatch.setattr("tradewind.aws.repeats.BASE_PAUSE_S", 0.001)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
    return lambda: SessionStorage(table_name, client, owner="ann", session_id="s-1")


def agent_on(storage: Storage[str, str]) -> Agent:
    model = PooledBedrockModel(ScriptedClients(One=saying("1"), Two=saying("2")).get())
    return Agent(
        model=model,
        agent_id="agent",
        session_manager=SnapshotSessionManager("s-1", storage=storage),
        callback_handler=None,
        load_tools_from_directory=False,
    )


def words(agent: Agent) -> list[str]:
    return [block["text"] for message in agent.messages for block in message["content"]]


def two_turns_at_once(make: Make) -> list[bool]:
    """Two agents read one conversation, then each has its turn; says which were told of success."""
    first, second = agent_on(make()), agent_on(make())
    told = []
    for agent, query in ((first, "One?"), (second, "Two?")):
        try:
            agent(query)
        except StorageConflict:
            told.append(False)
        else:
            told.append(True)
    return told


def test_a_conversation_goes_on_in_another_process(make: Make) -> None:
    agent_on(make())("One?")
    agent = agent_on(make())
    agent("Two?")
    assert words(agent) == ["One?", "1", "Two?", "2"]


def test_of_two_turns_at_once_none_that_was_told_of_is_lost(make: Make) -> None:
    assert two_turns_at_once(make) == [True, False]
    again = agent_on(make())
    assert words(again) == ["One?", "1"]
    again("Two?")
    assert words(agent_on(make())) == ["One?", "1", "Two?", "2"]


def test_the_same_schedule_loses_a_turn_where_the_last_write_wins(
    make: Make, table_name: str, dynamodb: LoopbackDynamoDB
) -> None:
    def unconditional() -> Storage[str, str]:
        return LastWriteWins(table_name, dynamodb.client(), owner="ann", session_id="s-1")

    assert two_turns_at_once(unconditional) == [True, True]
    assert words(agent_on(unconditional())) == ["Two?", "2"]  # of the first, not a word


@pytest.mark.parametrize("fault", [TableFault.REPLY_LOST, TableFault.ERROR_AFTER])
@pytest.mark.parametrize("returns_items", [True, False])
def test_a_write_whose_reply_is_lost_is_recognised(
    make: Make, dynamodb: LoopbackDynamoDB, fault: TableFault, returns_items: bool
) -> None:
    dynamodb.returns_items = returns_items
    storage = make()
    for value in (b"one", b"two"):
        dynamodb.inject(fault, "PutItem")
        asyncio.run(storage.write("key", value))
    assert asyncio.run(make().read("key")) == b"two"
    dynamodb.returns_items = True


def test_values_are_kept_by_key_and_owner(
    make: Make, table_name: str, dynamodb: LoopbackDynamoDB
) -> None:
    async def work() -> None:
        storage = make()
        assert await storage.read("a/1") is None
        for key in ("b/1", "a/2", "a/1"):
            await storage.write(key, key.encode())
        assert await storage.list("") == ["a/1", "a/2", "b/1"]
        assert await storage.list("a/") == ["a/1", "a/2"]
        other = SessionStorage(table_name, dynamodb.client(), owner="bob", session_id="s-1")
        assert (await other.list(""), await other.read("a/1")) == ([], None)
        await storage.delete("a/1")
        await storage.delete("a/1")
        assert await storage.list("") == ["a/2", "b/1"]
        assert await storage.read("a/2") == b"a/2"

    asyncio.run(work())


def test_what_goes_wrong_is_a_storage_error(make: Make, dynamodb: LoopbackDynamoDB) -> None:
    async def fails(work: Any) -> None:
        with pytest.raises(StorageError):
            await work

    async def work() -> None:
        storage = make()
        await fails(storage.write("key", os.urandom(500_000)))
        for operation in ("PutItem", "GetItem", "DeleteItem", "Query"):
            dynamodb.inject(TableFault.DENIED, operation)
        await fails(storage.write("key", b"one"))
        await fails(storage.read("key"))
        await fails(storage.delete("key"))
        await fails(storage.list(""))

    asyncio.run(work())
