"""Kills a function's process every so often, and lets the time pass that its record waits.

Only children of the embedded AWS that this run started are killed, each by its id. A killed run's
record says ``running`` until its function's timeout is over, 15 minutes here. Nobody waits for it:
as soon as the dead letter tells whose run it was, its deadline is set to the past, and whoever
looks at it next finds it overdue, as the sweep would.
"""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from stacks.names import dead_letter_queue_name, function_name
from tradewind.contracts.names import RECORD_DEADLINE, RECORD_KEY, RECORD_OPEN, record_key

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_FUNCTION: Final = b"AWS_LAMBDA_FUNCTION_NAME="
_POLL_S: Final = 0.5
_LONG_AGO: Final = "1"


def function_processes(server: int) -> dict[int, str]:
    """The functions' processes that a server has started: names by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            # The name in parentheses may hold anything; the parent comes second after it.
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) != server:
                continue
            for variable in (folder / "environ").read_bytes().split(b"\0"):
                if variable.startswith(_FUNCTION):
                    found[int(folder.name)] = variable[len(_FUNCTION) :].decode()
    return found


@dataclass
class Deaths:
    """What was killed, and what was told of it.

    Attributes:
        killed: Processes, by their function's name.
        dead_letters: The requests whose runs died, as agents and request ids, in their order.
    """

    killed: Counter[str] = field(default_factory=Counter)
    dead_letters: list[tuple[str, str]] = field(default_factory=list)


class Reaper:
    """Kills processes of some functions, and reads the dead letters.

    Args:
        server: The embedded AWS's process.
        environment: The deployed environment's name.
        agents: Whose dead letters are read.
        functions: The names of the functions whose processes are killed.
        records: The table of records.
        seed: Of which process is drawn.
    """

    def __init__(
        self,
        server: int,
        *,
        environment: str,
        agents: Collection[str],
        functions: Collection[str],
        records: str,
        seed: int = 1,
    ) -> None:
        self.deaths = Deaths()
        self._server = server
        self._functions = {function_name(environment, name) for name in functions}
        self._records = records
        self._random = random.Random(seed)  # noqa: S311  which process dies is no secret
        self._sqs: SQSClient = boto3.client("sqs")
        self._dynamodb = boto3.client("dynamodb")
        self._queues = [
            self._sqs.get_queue_url(QueueName=dead_letter_queue_name(environment, agent))[
                "QueueUrl"
            ]
            for agent in agents
        ]
        self._ended = threading.Event()

    @contextmanager
    def killing(self, every_s: float) -> Iterator[None]:
        """Kill one process every so many seconds while the block runs; none where it is 0."""
        stop = threading.Event()
        killer = threading.Thread(target=self._kill, args=(every_s, stop))
        if every_s:
            killer.start()
        try:
            yield
        finally:
            stop.set()
            if every_s:
                killer.join()

    @contextmanager
    def reading_dead_letters(self) -> Iterator[Deaths]:
        """Let the runs that dead letters tell of be overdue at once, while the block runs."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            yield self.deaths
        finally:
            self._ended.set()
            reader.join()

    def _kill(self, every_s: float, stop: threading.Event) -> None:
        while not stop.wait(every_s):
            there = function_processes(self._server)
            targets = sorted(pid for pid, name in there.items() if name in self._functions)
            if targets:
                process = self._random.choice(targets)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    self.deaths.killed[there[process]] += 1

    def _read(self) -> None:
        while not self._ended.is_set():
            letters = [letter for url in self._queues for letter in self._letters(url)]
            for letter in letters:
                self.deaths.dead_letters.append((letter["agent"], letter["request_id"]))
                self._let_time_pass(letter)
            if not letters:
                time.sleep(_POLL_S)

    def _letters(self, url: str) -> Iterator[Mapping[str, Any]]:
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield json.loads(message["Body"])

    def _let_time_pass(self, event: Mapping[str, Any]) -> None:
        key = record_key(owner=event["owner"], agent=event["agent"], request_id=event["request_id"])
        try:
            self._dynamodb.update_item(
                TableName=self._records,
                Key={RECORD_KEY: {"S": key}},
                UpdateExpression="SET #deadline = :past",
                # A failure that was told has ended its record itself.
                ConditionExpression="attribute_exists(#open)",
                ExpressionAttributeNames={"#deadline": RECORD_DEADLINE, "#open": RECORD_OPEN},
                ExpressionAttributeValues={":past": {"N": _LONG_AGO}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
