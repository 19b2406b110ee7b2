"""What is left when the load is over: every accepted invocation, every dollar, every file."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import boto3
from boto3.dynamodb.types import TypeDeserializer

from bench.load.callers import Asked
from stacks.names import Output
from tradewind.contracts.names import RECORD_OPEN

_READ: Final = TypeDeserializer()
_RESERVATION: Final = "r-"
_NANO: Final = 1_000_000_000


@dataclass
class Accounts:
    """What the tables and the bucket have.

    Attributes:
        missing: Accepted invocations that have no record.
        open: Those whose record says that they have not ended.
        ended: Ends, by status and code.
        queue_s: For each that began: how long it waited in the queue.
        work_s: How long each worked that has ended with an answer.
        cost_usd: What all answers together say that they cost.
        committed_nano: What the table of budgets says is spent or reserved.
        answers_nano: What the records' answers cost.
        reserved_nano: What reservations hold that nobody closed.
        reservations: How many such there are.
        manifests: Projects with files.
        files: Files that their manifests name.
        broken_files: Those that are not there, or not as the manifest says.
    """

    missing: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    queue_s: list[float] = field(default_factory=list)
    work_s: list[float] = field(default_factory=list)
    cost_usd: float = 0.0
    committed_nano: int = 0
    answers_nano: int = 0
    reserved_nano: int = 0
    reservations: int = 0
    manifests: int = 0
    files: int = 0
    broken_files: list[str] = field(default_factory=list)

    @property
    def unexplained_nano(self) -> int:
        """Committed by nobody's answer and no reservation; a killed run's calls may be among it."""
        return self.committed_nano - self.answers_nano - self.reserved_nano


def take_accounts(
    outputs: Mapping[str, str], asked: Iterable[Asked], since: "Accounts | None" = None
) -> Accounts:
    """Read the tables and the bucket.

    Args:
        outputs: Of the stacks.
        asked: What the API accepted.
        since: What was there before: its dollars are not this run's.
    """
    accounts = Accounts()
    records = {
        f"{record['agent']}.{record['request_id']}": record
        for record in _items(outputs[Output.RECORDS_TABLE])
    }
    for one in asked:
        record = records.get(one.id)
        if record is None:
            accounts.missing.append(one.id)
        else:
            _add_record(accounts, one, record)
    for day in _items(outputs[Output.BUDGETS_TABLE]):
        held = [value for name, value in day.items() if name.startswith(_RESERVATION)]
        accounts.committed_nano += int(day.get("committed", 0))
        accounts.reserved_nano += sum(int(one["nano"]) for one in held)
        accounts.reservations += len(held)
    if since is not None:
        accounts.committed_nano -= since.committed_nano
        accounts.reserved_nano -= since.reserved_nano
        accounts.reservations -= since.reservations
    _check_files(accounts, outputs[Output.ARTIFACTS_BUCKET])
    return accounts


def _add_record(accounts: Accounts, asked: Asked, record: Mapping[str, Any]) -> None:
    if RECORD_OPEN in record:
        accounts.open.append(asked.id)
        return
    if "opened_at" in record and "started_at" in record:
        waited = _moment(record["started_at"]) - _moment(record["opened_at"])
        accounts.queue_s.append(waited.total_seconds())
    code = record.get("error_code")
    accounts.ended[f"{record['status']} {code}" if code else str(record["status"])] += 1
    accounts.work_s.append(float(record.get("execution_ms", 0)) / 1000)
    usage = asked.document.get("usage") or {}
    cost = usage.get("cost_usd") or 0.0
    accounts.cost_usd += cost
    accounts.answers_nano += round(cost * _NANO)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _items(table: str) -> list[dict[str, Any]]:
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [
        {name: _READ.deserialize(value) for name, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]


def _check_files(accounts: Accounts, bucket: str) -> None:
    s3 = boto3.client("s3")

    def read(key: str) -> bytes:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    keys = {
        one["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for one in page.get("Contents", [])
    }
    for key in sorted(key for key in keys if key.endswith("/manifest.json")):
        accounts.manifests += 1
        for entry in json.loads(read(key))["artifacts"].values():
            accounts.files += 1
            there = entry["key"] in keys
            if not there or hashlib.sha256(read(entry["key"])).hexdigest() != entry["sha256"]:
                accounts.broken_files.append(entry["key"])
