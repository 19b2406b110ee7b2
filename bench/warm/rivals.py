"""What warm invocations are compared with: handlers as people write them, without this project.

They make the requests that ours make for the same event, one after the other. Their records have
the attributes of ours, and are written under the same conditions.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from bench.coldstart.start import REGION, Startable

#: Of the libraries that are installed here: the releases that are deployed.
LIBRARIES: Final = Path(str(distribution("boto3").locate_file("")))

BARE: Final = "bare boto3"
RECORDS: Final = "bare boto3, two records"
PER_REQUEST: Final = "a client per request"
EMPTY: Final = "empty"
TAKES: Final = "bare boto3, a record and an invocation"

_NOTHING: Final = """\
def handler(event, context):
    return "nothing"
"""
_ASK: Final = """\
import boto3


def ask(bedrock, event):
    answer = bedrock.converse(
        modelId="us.anthropic.claude-sonnet-4-6",
        messages=[{"role": "user", "content": [{"text": event["query"]}]}],
        inferenceConfig={"maxTokens": 256},
    )
    return answer["output"]["message"]["content"][0]["text"]
"""
_PUT: Final = """\
import gzip
import hashlib
import json
import time


def begin(table, event, context):
    now = time.time()
    key = {"record_id": {"S": "-#terrain#" + context.aws_request_id}}
    sha256 = hashlib.sha256(json.dumps(event).encode()).hexdigest()
    table.put_item(
        TableName="records",
        Item={
            **key,
            "owner": {"S": ""},
            "agent": {"S": "terrain"},
            "request_id": {"S": context.aws_request_id},
            "project_id": {"S": "p-0123456789abcdef"},
            "model_id": {"S": "us.anthropic.claude-sonnet-4-6"},
            "request_sha256": {"S": sha256},
            "status": {"S": "running"},
            "attempt": {"S": "0123456789ab"},
            "open": {"S": "yes"},
            "started_at": {"S": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))},
            "deadline_at": {"N": str(int(now) + 120)},
            "expires_at": {"N": str(int(now) + 86400)},
        },
        ConditionExpression="attribute_not_exists(record_id)",
    )
    return key
"""
_END: Final = """\


def end(table, key, text):
    answer = {"success": True, "status_code": 200, "response": text, "artifacts": [], "usage": {}}
    table.update_item(
        TableName="records",
        Key=key,
        UpdateExpression=(
            "SET #status = :status, finished_at = :at, answer = :answer, execution_ms = :ms, "
            "cold_start = :cold, input_tokens = :in, output_tokens = :out, artifacts = :count "
            "REMOVE #open"
        ),
        ConditionExpression="attempt = :attempt",
        ExpressionAttributeNames={"#status": "status", "#open": "open"},
        ExpressionAttributeValues={
            ":attempt": {"S": "0123456789ab"},
            ":status": {"S": "succeeded"},
            ":at": {"S": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
            ":answer": {"B": gzip.compress(json.dumps(answer).encode())},
            ":ms": {"N": "10"},
            ":cold": {"BOOL": False},
            ":in": {"N": "100"},
            ":out": {"N": "20"},
            ":count": {"N": "0"},
        },
    )
    return answer
"""
_CLIENTS: Final = """\

bedrock, table = boto3.client("bedrock-runtime"), boto3.client("dynamodb")
"""
_WITH_RECORDS: Final = """\


def handler(event, context):
    key = begin(table, event, context)
    return end(table, key, ask(bedrock, event))
"""
_EACH_ITS_OWN: Final = """\


def handler(event, context):
    bedrock, table = boto3.client("bedrock-runtime"), boto3.client("dynamodb")
    key = begin(table, event, context)
    return end(table, key, ask(bedrock, event))
"""
_WITHOUT_RECORDS: Final = """\


def handler(event, context):
    return ask(bedrock, event)
"""
_TAKEN: Final = """\

import boto3

table, functions = boto3.client("dynamodb"), boto3.client("lambda")


def handler(event, context):
    key = begin(table, event, context)
    told = functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))
    told["Payload"].read()  # or the connection is not used again
    table.update_item(
        TableName="records",
        Key=key,
        UpdateExpression="SET queued = :queued",
        ConditionExpression="attempt = :attempt",
        ExpressionAttributeValues={
            ":queued": {"BOOL": True}, ":attempt": {"S": "0123456789ab"}
        },
    )
    return {"statusCode": 202, "body": json.dumps({"request_id": context.aws_request_id})}
"""
_PROGRAMS: Final[Mapping[str, str]] = {
    EMPTY: _NOTHING,
    BARE: _ASK + _CLIENTS + _WITHOUT_RECORDS,
    RECORDS: _PUT + _ASK + _END + _CLIENTS + _WITH_RECORDS,
    PER_REQUEST: _PUT + _ASK + _END + _EACH_ITS_OWN,
    TAKES: _PUT + _TAKEN,
}


def rivals(scratch: Path) -> Iterator[Startable]:
    """Each of them; it finds boto3 in ``LIBRARIES``.

    Args:
        scratch: Where they are written.
    """
    for name, program in _PROGRAMS.items():
        code = scratch / name.replace(" ", "-").replace(",", "")
        code.mkdir()
        (code / "app.py").write_text(program, encoding="utf-8")
        yield Startable(
            name=name,
            code=code,
            handler="app.handler",
            variables={"AWS_DEFAULT_REGION": REGION},
            event=_EVENT,
            is_right=lambda answer: not answer.is_error and len(answer.payload) > len('""'),
            zip_bytes=0,
        )


_EVENT: Final[Mapping[str, Any]] = {"query": "Say in one sentence, without tools, what you can do."}
