"""The log of requests and answers, for who has to keep one: an item for each run of a request.

============== ==================================================================================
owner_key      the agent and a digest of the owner: one owner's requests to it are together, and no
               agent writes among another one's; see ``log_owner``
entry          when the run began, agent, request id and attempt: in the order of time
owner, agent, request_id, attempt, project_id, session_id, model_id    who asked whom, on what
asked_at, ended_at    ISO 8601, UTC; no end where the function died, or is still at work
status         ``running``, ``waiting`` (for a person), ``succeeded`` or ``failed``
error_code     of the failure
question       what was asked, as JSON with gzip; and a person's reply, of a run that goes on
answer         the whole answer, likewise
cut            which of the two was too large, and is there with its long texts and lists cut
expires_at     epoch seconds: DynamoDB deletes the item after it
============== ==================================================================================

The question is put before the model is asked, so that a run that dies has left it. Both writes have
the run's own key: made again after its reply was lost, a write puts what is there. And the first is
done only where nothing is, so that it never replaces the second, however late it comes.
"""

import gzip
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.dynamodb import failed_condition, storage_error
from tradewind.contracts.moments import iso
from tradewind.contracts.names import LOG_ENTRY, LOG_KEY, LOG_TTL, log_owner
from tradewind.records.item import RecordedRequest, RecordStatus
from tradewind.records.kept_answer import EncodedAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_DAY_S: Final = 86_400
#: Bytes of each when packed. DynamoDB takes 409,600 in an item; the rest is the other attributes'.
QUESTION_LIMIT: Final = 150_000
ANSWER_LIMIT: Final = 230_000
#: Characters that a text keeps where the whole is too large; ever fewer, until it fits.
_TEXTS: Final = (20_000, 2_000, 200)
#: And entries of a list or an object: one for so many of those.
_CHARACTERS_AN_ENTRY: Final = 20


class LogEntry:
    """One run's item.

    Args:
        request: The request.
        question: What is asked, as JSON values.
        session_id: The conversation that it continues; None for none.
    """

    def __init__(
        self, request: RecordedRequest, question: Mapping[str, Any], session_id: str | None
    ) -> None:
        now = time.time()
        began = f"{iso(now)}#{request.agent}#{request.request_id}#{request.attempt}"
        self.began_at: Final = now
        self._item: dict[str, AttributeValueTypeDef] = {
            LOG_KEY: {"S": log_owner(owner=request.owner, agent=request.agent)},
            LOG_ENTRY: {"S": began},
            "owner": {"S": request.owner},
            "agent": {"S": request.agent},
            "request_id": {"S": request.request_id},
            "attempt": {"S": request.attempt},
            "project_id": {"S": request.project_id},
            "model_id": {"S": request.model_id},
            "asked_at": {"S": iso(now)},
            "status": {"S": RecordStatus.RUNNING},
        }
        if session_id is not None:
            self._item["session_id"] = {"S": session_id}
        packed, cut = pack_within(question, QUESTION_LIMIT)
        self._item["question"] = {"B": packed}
        self._cut = ["question"] if cut else []

    def begun(self) -> "dict[str, AttributeValueTypeDef]":
        """The item of a run that begins."""
        return {**self._item, "cut": _texts(self._cut)}

    def ended(
        self, encoded: EncodedAnswer, *, waits: bool = False
    ) -> "dict[str, AttributeValueTypeDef]":
        """The item of a run that has ended; ``waits`` where its request waits for a person."""
        answer = encoded.answer
        status = RecordStatus.SUCCEEDED if answer.success else RecordStatus.FAILED
        packed, cut = pack_within(encoded.document, ANSWER_LIMIT)
        return {
            **self._item,
            "status": {"S": RecordStatus.WAITING if waits else status},
            "error_code": {"S": answer.error.code} if answer.error else {"NULL": True},
            "ended_at": {"S": iso(time.time())},
            "answer": {"B": packed},
            "cut": _texts([*self._cut, *(["answer"] if cut else [])]),
        }


class RequestLog:
    """The log's table.

    Args:
        table_name: The table's name.
        client: A client that reaches it.
        days: How long an entry is kept.
    """

    def __init__(self, table_name: str, client: "DynamoDBClient", *, days: int) -> None:
        self._table_name = table_name
        self._client = client
        self._kept_s = days * _DAY_S

    def begin(self, entry: LogEntry) -> None:
        """Put the question, unless more than that is there.

        Raises:
            StorageError: It could not be written.
        """
        condition = f"attribute_not_exists({LOG_KEY})"
        self._put(entry, entry.begun(), ConditionExpression=condition)

    def end(self, entry: LogEntry, encoded: EncodedAnswer, *, waits: bool = False) -> None:
        """Put question and answer; see ``LogEntry.ended``.

        Raises:
            StorageError: They could not be written.
        """
        self._put(entry, entry.ended(encoded, waits=waits))

    def _put(
        self, entry: LogEntry, item: "dict[str, AttributeValueTypeDef]", **condition: Any
    ) -> None:
        expires_at = str(int(entry.began_at) + self._kept_s)
        try:
            self._client.put_item(
                TableName=self._table_name, Item={**item, LOG_TTL: {"N": expires_at}}, **condition
            )
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error, "the log of requests") from error


def pack_within(document: Mapping[str, Any], limit: int) -> tuple[bytes, bool]:
    """Pack JSON values with gzip; where they are too large, with marks for what is cut.

    Returns:
        The bytes, at most ``limit`` of them, and whether something is cut.
    """
    text = json.dumps(document)
    packed = gzip.compress(text.encode(), mtime=0)
    if len(packed) <= limit:
        return packed, False
    for longest in _TEXTS:
        packed = gzip.compress(json.dumps(_cut(document, longest)).encode(), mtime=0)
        if len(packed) <= limit:
            return packed, True
    mark = {"cut": f"all of it, {len(text)} characters of JSON"}
    return gzip.compress(json.dumps(mark).encode(), mtime=0), True


def _cut(value: Any, longest: int) -> Any:
    """The value with what is long in it cut, each with a mark that says how much."""
    entries = longest // _CHARACTERS_AN_ENTRY
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]} [cut: {len(value) - longest} more characters]"
    if isinstance(value, list | tuple):
        kept = [_cut(one, longest) for one in value[:entries]]
        return kept if len(value) <= entries else [*kept, _more(value, entries)]
    if isinstance(value, dict):
        kept_pairs = {name: _cut(one, longest) for name, one in [*value.items()][:entries]}
        return kept_pairs if len(value) <= entries else {**kept_pairs, "": _more(value, entries)}
    return value


def _more(value: Any, entries: int) -> str:
    return f"[cut: {len(value) - entries} more entries]"


def _texts(names: list[str]) -> "AttributeValueTypeDef":
    return {"L": [{"S": name} for name in names]}
