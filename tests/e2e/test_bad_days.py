"""Denied, lost, killed, frozen: each ends in a typed error or a right result, and a record."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.errors import CommandError
from devtools.localcloud.bedrock import Fault, FaultKind
from tests.deployed_agents import FIRST, LAST
from tests.e2e.conftest import Deployment, client, eventually


@contextmanager
def without_policy(role_arn: str, policy: str) -> Iterator[None]:
    """Take an inline policy away from a role for a while."""
    iam, role = client("iam"), role_arn.rpartition("/")[2]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


@pytest.mark.parametrize(
    ("policy", "code"),
    [("Model", "MODEL_ACCESS_DENIED"), ("Artifacts", "STORAGE_ACCESS_DENIED")],
)
def test_a_denied_action_is_a_typed_error_and_a_failed_record(
    deployment: Deployment, policy: str, code: str
) -> None:
    request_id = f"denied-{policy.lower()}"
    with without_policy(deployment.role(FIRST), policy):
        answer = deployment.ask(FIRST, request_id=request_id).answer
    assert (answer["success"], answer["error"]["code"]) == (False, code)
    record = deployment.record(request_id)
    assert (record["status"], record["error_code"]) == ("failed", code)
    assert deployment.ask(FIRST).answer["success"]  # and the process serves on


def test_without_its_records_an_agent_does_nothing(deployment: Deployment) -> None:
    before = deployment.bedrock.stats().requests
    with without_policy(deployment.role(FIRST), "Records"):
        answer = deployment.ask(FIRST).answer
    assert answer["error"]["code"] == "STORAGE_ACCESS_DENIED"
    assert deployment.bedrock.stats().requests == before


def test_an_asynchronous_failure_ends_in_the_dead_letter_queue(deployment: Deployment) -> None:
    arn = deployment.arn(LAST)
    target = deployment.functions.get_function_configuration(FunctionName=arn)["DeadLetterConfig"]
    name = target["TargetArn"].rpartition(":")[2]
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    role = deployment.role(LAST).rpartition("/")[2]
    deployment.bedrock.inject(Fault(FaultKind.VALIDATION, role=role))
    event = {"query": "Write the report", "request_id": "async-1"}
    client("lambda").invoke(
        FunctionName=arn, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    received = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(received[0]["Body"]) == event
    assert deployment.record("async-1")["error_code"] == "MODEL_REQUEST_REJECTED"


def function_process(function_name: str) -> int:
    """The process that serves a function."""

    def find() -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"AWS_LAMBDA_FUNCTION_NAME={function_name}".encode() in variables:
                found.append(int(folder.name))
        return found

    processes: list[int] = eventually(find)
    return processes[0]


def test_a_process_killed_at_work_loses_no_request(deployment: Deployment) -> None:
    role = deployment.role(LAST).rpartition("/")[2]
    requests = deployment.bedrock.stats().requests
    deployment.bedrock.inject(Fault(FaultKind.STALL, role=role))
    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(deployment.ask, LAST, request_id="killed")
        eventually(lambda: deployment.bedrock.stats().requests > requests)
        os.kill(function_process(f"tradewind-local-{LAST}"), signal.SIGKILL)
        with pytest.raises(CommandError, match="died without an answer"):
            asked.result()
    assert deployment.record("killed")["status"] == "running"
    # Until its deadline it may still be at work, so the id stays taken; after it, it is free.
    again = deployment.ask(LAST, request_id="killed").answer
    assert again["error"]["code"] == "DUPLICATE_REQUEST"
    client("dynamodb").update_item(
        TableName=deployment.outputs["RecordsTableName"],
        Key={"request_id": {"S": "killed"}},
        UpdateExpression="SET deadline_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    answer = deployment.ask(LAST, request_id="killed").answer
    assert answer["success"]
    assert deployment.record("killed")["status"] == "succeeded"


@pytest.mark.parametrize("kind", [FaultKind.IDLE_CLOSE, FaultKind.IDLE_RESET])
def test_a_function_frozen_while_its_connection_dies_answers_when_it_thaws(
    deployment: Deployment, kind: FaultKind
) -> None:
    role = deployment.role(LAST).rpartition("/")[2]
    deployment.ask(LAST)
    process = function_process(f"tradewind-local-{LAST}")
    # After each of the next request's two model calls, so the pool is left with a dead connection.
    deployment.bedrock.inject(Fault(kind, role=role, count=2))
    assert deployment.ask(LAST).answer["success"]
    os.kill(process, signal.SIGSTOP)
    os.kill(process, signal.SIGCONT)
    answer = deployment.ask(LAST).answer
    assert answer["success"]
    assert answer["performance"]["coldStart"] is False


def test_a_request_id_is_served_once_by_the_deployed_table(deployment: Deployment) -> None:
    first: dict[str, Any] = deployment.ask(FIRST, request_id="once").answer
    assert first["success"]
    again = deployment.ask(FIRST, request_id="once").answer
    assert (again["status_code"], again["error"]["code"]) == (409, "DUPLICATE_REQUEST")
