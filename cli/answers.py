"""Answers that a caller could not be given: fetched from the records that keep them."""

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
import click

from cli.cdk import LOCAL_ENV
from cli.errors import CommandError
from stacks.names import function_name
from tradewind.contracts.errors import FunctionDied, StorageError
from tradewind.contracts.names import SWEEP, record_key
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_FAILED: Final = 1


def kept_answer(table_name: str, *, agent: str, request_id: str, owner: str = "") -> dict[str, Any]:
    """Return the answer to a request.

    Of one whose function died, the sweep closes the record first: it counts those it closes.

    Raises:
        CommandError: There is no such request, or it is still being worked on.
    """
    table = RecordTable(table_name, boto3.client("dynamodb"))
    key = record_key(owner=owner, agent=agent, request_id=request_id)
    try:
        record = table.read(key)
        if record is not None and record.overdue:
            _sweep()
            record = table.read(key)
    except StorageError as error:
        raise CommandError(f"{error.code}: {error.message}") from error
    if record is None:
        raise CommandError(
            f"The {agent} agent has no record of request {request_id}.\n"
            "Is it this agent, and this --owner? A record is kept for record_ttl_days, see "
            "docs/settings.md."
        )
    if record.status is RecordStatus.PENDING:
        raise CommandError(
            f"The API took request {request_id} at {record.opened_at}, and the {agent} agent has "
            "not begun with it. Ask again later."
        )
    if record.status is RecordStatus.WAITING:
        raise CommandError(
            f"The {agent} agent asks a person about request {request_id}, and waits for the answer "
            "to it. `tradewind status` shows the question to who asked."
        )
    if record.status is RecordStatus.RUNNING and not record.overdue:
        raise CommandError(
            f"The {agent} agent is at work on request {request_id} since {record.started_at}; "
            f"it has {max(1, record.deadline_at - int(time.time()))} s left. Ask again later."
        )
    return record.answer or _without_answer(record)


def _sweep() -> None:
    client: LambdaClient = boto3.client("lambda")
    swept = client.invoke(FunctionName=function_name(LOCAL_ENV, SWEEP))
    if "FunctionError" in swept:
        raise CommandError(
            "Its function died, and the sweep that closes such requests failed.\n"
            "docs/runbooks/sweep-failures.md says where to look."
        )


def answer_of_failure(error: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a failed invocation, from where its message says it is kept.

    Args:
        error: What Lambda answers for it.

    Raises:
        CommandError: The function died without a message of ours.
    """
    message = error.get("errorMessage", "")
    try:
        failed = json.loads(message)
        code, place = failed["code"], failed["record"]
    except (ValueError, TypeError, KeyError):
        raise CommandError(
            f"The function died without an answer: {error.get('errorType')}: {message}\n"
            "Its log group has more. The same request may be sent again with the same id once its "
            "time is over,\nwith another id at once."
        ) from None
    why = "The agent's log group has the cause."
    if place is not None:
        try:
            record = RecordTable(place["table"], boto3.client("dynamodb")).read(place["record_id"])
        except StorageError as unread:
            why = f"The answer could not be read from its record: {unread.message}"
        else:
            if record is not None and record.answer is not None:
                return record.answer
            why = f"The answer is no longer in its record, {place['record_id']}."
    return _answer(
        agent=failed["agent"],
        request_id=failed["request_id"],
        project_id=None,
        status=failed["status"],
        error={"code": code, "message": why, "field": None},
    )


def show(context: click.Context, answer: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer. Ends the command with status 1 if it is a failure.

    Raises:
        CommandError: It is a failure, and not printed as JSON.
    """
    if as_json:
        # The message is in there: not a second time to standard error.
        click.echo(json.dumps(answer, indent=2))
        context.exit(0 if answer["success"] else _FAILED)
    if answer["response"]:
        click.echo(f"{answer['response']}\n")
    click.echo(f"project {answer['project_id']}, request {answer['request_id']}")
    for artifact in answer["artifacts"]:
        click.echo(f"  {artifact['key']}")
    if not answer["success"]:
        raise CommandError(f"{answer['error']['code']}: {answer['error']['message']}")


def _without_answer(record: StoredRecord) -> dict[str, Any]:
    """What is left to say of a request whose function died."""
    ended = datetime.fromtimestamp(record.deadline_at, UTC).isoformat(timespec="seconds")
    return _answer(
        agent=record.agent,
        request_id=record.request_id,
        project_id=record.project_id,
        status=FunctionDied.status,
        error={
            "code": record.error_code or FunctionDied.code,  # a sweep that has not come to it
            "message": f"Its time was over at {ended}, and nothing says how it ended. "
            "The same request may be sent again with the same id.",
            "field": None,
        },
    )


def _answer(
    *,
    agent: str,
    request_id: str,
    project_id: str | None,
    status: int,
    error: dict[str, Any],
) -> dict[str, Any]:
    return {
        "success": False,
        "status_code": status,
        "agent": agent,
        "response": "",
        "artifacts": [],
        "facts": {},
        "project_id": project_id,
        "request_id": request_id,
        "error": error,
    }
