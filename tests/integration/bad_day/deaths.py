"""What is to hold when an agent's process was killed at a write, at any write."""

import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dynamodb import LoopbackDynamoDB, past
from tests.integration.bad_day.mortal import Death, MortalAgent, Served
from tests.integration.bad_day.mortal_process import FolderStore
from tests.integration.records.requests import sweeper_of
from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import DuplicateRequest, FunctionDied
from tradewind.contracts.names import RECORD_DEADLINE, RECORD_KEY, record_key
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.records.table import RecordTable
from tradewind.run.artifact_manifest import MANIFEST, Entry, read_manifest

PROJECT = "moorkoog"
Visible = Mapping[str, Mapping[str, Entry]]


def visible(folder: Path) -> dict[str, Mapping[str, Entry]]:
    """Each agent's files that readers see. Each is there, and is what its manifest says."""
    store = FolderStore(folder)
    agents = sorted(one.parent.name for one in folder.glob(f"*/{PROJECT}"))
    seen = {agent: read_manifest(store, PROJECT, agent).entries for agent in agents}
    for entries in seen.values():
        for entry in entries.values():
            body = store.get(entry.key)
            assert hashlib.sha256(body).hexdigest() == entry.sha256, entry.key
            assert len(body) == entry.size_bytes, entry.key
    return {agent: entries for agent, entries in seen.items() if entries}


def copy_of(folder: Path, to: Path) -> Path:
    """Copy a store. Its objects are replaced and never changed, so the copies may share them."""
    shutil.copytree(folder, to, copy_function=os.link)
    return to


@dataclass(frozen=True)
class Whole:
    """A request that nothing befell.

    Attributes:
        writes: How many writes it took.
        names: The files that it left.
    """

    writes: int
    names: frozenset[str]

    @classmethod
    def of(cls, served: Served) -> "Whole":
        """Judge it."""
        assert (served.ended, served.answer.get("success")) == (0, True), served
        names = frozenset(one["key"].rpartition("/")[2] for one in served.answer["artifacts"])
        start, *written, end = (one.rpartition("/")[2] for one in served.writes)
        assert start == end == "record"
        assert {*written} == ({*names, MANIFEST} if names else set())
        assert written[-1:] == [MANIFEST] * bool(names)
        return cls(len(served.writes), names)

    def deaths(self) -> Iterator[Death]:
        """Every death there is: before and after each write."""
        for write in range(1, self.writes + 1):
            for after in (False, True):
                yield Death(write, after)

    def states(self) -> Iterator[Death]:
        """One death for each state that the stores are left in.

        Once a write is done they are as before the next one.
        """
        yield Death(1, after=False)
        for write in range(1, self.writes + 1):
            yield Death(write, after=True)

    def began(self, death: Death) -> bool:
        """Whether the record's start was written by then."""
        return death.write > 1 or death.after

    def committed(self, death: Death) -> bool:
        """Whether the manifest was switched by then."""
        switched = self.writes - 1
        return bool(self.names) and (death.write, death.after) >= (switched, True)

    def ended(self, death: Death) -> bool:
        """Whether the record's end was written by then."""
        return death.write == self.writes and death.after


class Deaths:
    """Kills agents and looks at what is left.

    Args:
        table_name: The table of their records.
        database: Where it is.
    """

    def __init__(self, table_name: str, database: LoopbackDynamoDB) -> None:
        self.database = database
        self.table = RecordTable(table_name, database.client())
        self._sweeper = sweeper_of(table_name, database.client())

    def try_all(
        self,
        agent: MortalAgent,
        event: Mapping[str, Any],
        base: Path,
        home: Path,
        chosen: Callable[[Whole], Iterator[Death]] = Whole.deaths,
    ) -> int:
        """Kill an agent at the writes of a request, each time on the same project.

        Args:
            agent: The agent.
            event: The request.
            base: The store, with the project as it is before.
            home: Where its copies go.
            chosen: Which deaths it dies.

        Returns:
            How often it was killed.
        """
        asked = {**event, "project_id": PROJECT}
        first = agent.serve(
            {**asked, "request_id": f"{home.name}-whole"}, copy_of(base, home / "-")
        )
        whole = Whole.of(first)
        count = 0
        for death in chosen(whole):
            name = f"{home.name}-{death.write}-{'after' if death.after else 'before'}"
            folder = copy_of(base, home / name)
            self._try_one(agent, {**asked, "request_id": name}, folder, whole, death)
            shutil.rmtree(folder)
            count += 1
        return count

    def _try_one(
        self,
        agent: MortalAgent,
        event: Mapping[str, Any],
        folder: Path,
        whole: Whole,
        death: Death,
    ) -> None:
        before = visible(folder)
        dead = agent.serve(event, folder, death)
        assert (dead.ended, dead.answer) == (-signal.SIGKILL, {}), (death, dead)

        left = visible(folder)
        if whole.committed(death):
            _require_new(before, left, agent.name, event, whole)
        else:
            assert left == before, death
        self._settle(agent, event, folder, whole, death)
        assert visible(folder) == left, death

        repeat = agent.serve(event, folder)
        assert (repeat.ended, repeat.answer.get("success")) == (0, True), (death, repeat)
        now = visible(folder)
        _require_new(before, now, agent.name, event, whole)
        assert {one["key"] for one in repeat.answer["artifacts"]} == {
            now[agent.name][name].key for name in whole.names
        }
        if whole.ended(death):
            assert (now, repeat.writes) == (left, ("record",)), death  # the answer that was kept
        else:
            own = {now[agent.name][name].attempt for name in whole.names}
            assert own.isdisjoint(one.attempt for one in left.get(agent.name, {}).values())
            assert len(repeat.writes) == whole.writes, death
        record = self._record(agent, event)
        assert record is not None
        assert (record.status, record.answer) == (RecordStatus.SUCCEEDED, repeat.answer), death

        again = agent.serve(event, folder)
        assert (again.ended, again.answer, again.writes) == (0, repeat.answer, ("record",)), death
        assert visible(folder) == now

    def _settle(
        self,
        agent: MortalAgent,
        event: Mapping[str, Any],
        folder: Path,
        whole: Whole,
        death: Death,
    ) -> None:
        """See the record of the dead settled; by the sweep, or else left to the repeat."""
        record = self._record(agent, event)
        if not whole.began(death):
            assert record is None, death
            return
        assert record is not None, death
        if whole.ended(death):
            assert record.status is RecordStatus.SUCCEEDED, death
            return
        assert record.status is RecordStatus.RUNNING, death
        early = agent.serve(event, folder)
        assert early.answer["error"]["code"] == DuplicateRequest.code, (death, early)
        self._let_time_pass(record)
        if death.write % 2:
            return
        assert self._sweeper.sweep(Deadline(60)) == {"settled": 1, "finished": True}, death
        settled = self._record(agent, event)
        assert settled is not None
        assert (settled.status, settled.error_code) == (RecordStatus.FAILED, FunctionDied.code)

    def _record(self, agent: MortalAgent, event: Mapping[str, Any]) -> StoredRecord | None:
        key = record_key(owner="", agent=agent.name, request_id=event["request_id"])
        return self.table.read(key)

    def _let_time_pass(self, record: StoredRecord) -> None:
        self.database.client().update_item(
            TableName=self.table.name,
            Key={RECORD_KEY: {"S": record.record_id}},
            UpdateExpression=f"SET {RECORD_DEADLINE} = :past",
            ExpressionAttributeValues={":past": {"N": str(past(60))}},
        )


def _require_new(
    before: Visible, now: Visible, agent: str, event: Mapping[str, Any], whole: Whole
) -> None:
    """All that the request leaves is there, of one run, and all else as it was."""
    mine = now.get(agent, {})
    ours = {name for name, entry in mine.items() if entry.request_id == event["request_id"]}
    assert ours == whole.names
    assert len({mine[name].attempt for name in ours}) <= 1
    others = {name: entry for name, entry in mine.items() if name not in ours}
    old = {name: entry for name, entry in before.get(agent, {}).items() if name not in ours}
    assert others == old
    assert {**now, agent: None} == {**before, agent: None}
