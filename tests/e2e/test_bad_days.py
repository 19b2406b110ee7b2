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

from cli import cdk
from cli.answers import kept_answer
from cli.errors import CommandError
from devtools.localcloud.bedrock import Fault, FaultKind
from stacks.names import Output, function_name
from tests.deployed_agents import AGENTS, FIRST, LAST
from tests.e2e.conftest import Deployment, client, eventually
from tradewind.bedrock.retry import MAX_ATTEMPTS
from tradewind.contracts.names import RECORD_KEY, record_key


@contextmanager
def without_policy(role_arn: str, policy: str) -> Iterator[None]:
    """Take the inline policy with this in its name away from a role for a while."""
    iam, role = client("iam"), role_arn.rpartition("/")[2]
    # A model's policy has a name that CloudFormation made up.
    [name] = [
        found for found in iam.list_role_policies(RoleName=role)["PolicyNames"] if policy in found
    ]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


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
    record = deployment.record(FIRST, request_id)
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
    received = eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )
    assert json.loads(received[0]["Body"]) == event
    # Beside it: which request, and where its answer is kept.
    said = json.loads(received[0]["MessageAttributes"]["ErrorMessage"]["StringValue"])
    assert (said["code"], said["request_id"]) == ("MODEL_REQUEST_REJECTED", "async-1")
    table = deployment.outputs[Output.RECORDS_TABLE]
    assert said["record"]["table"] == table
    kept = kept_answer(table, agent=LAST, request_id="async-1")
    assert (kept["success"], kept["error"]["code"]) == (False, "MODEL_REQUEST_REJECTED")
    assert deployment.record(LAST, "async-1")["error_code"] == "MODEL_REQUEST_REJECTED"


def function_processes(function_name: str) -> list[int]:
    """The processes that serve a function: one for each request that there ever was at once."""

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
    return processes


def kill_at_work(deployment: Deployment, agent: str, request_id: str) -> None:
    """Let an agent die of a request while it waits for its model."""

    def begun() -> bool:
        try:
            return bool(deployment.record(agent, request_id)["status"] == "running")
        except KeyError:
            return False

    role = deployment.role(agent).rpartition("/")[2]
    # Each call, as what an earlier test left at work makes some, too.
    deployment.bedrock.inject(Fault(FaultKind.STALL, count=None, role=role))
    try:
        with ThreadPoolExecutor(1) as caller:
            asked = caller.submit(deployment.ask, agent, request_id=request_id)
            eventually(begun)
            # One of them has it; which, nobody tells.
            for process in function_processes(function_name(cdk.LOCAL_ENV, agent)):
                os.kill(process, signal.SIGKILL)
            with pytest.raises(CommandError, match="died without an answer"):
                asked.result()
    finally:
        deployment.bedrock.clear()


def test_a_process_killed_at_work_loses_no_request(deployment: Deployment) -> None:
    kill_at_work(deployment, LAST, "killed")
    assert deployment.record(LAST, "killed")["status"] == "running"
    # Until its deadline it may still be at work, so the id stays taken; after it, it is free.
    again = deployment.ask(LAST, request_id="killed").answer
    assert again["error"]["code"] == "DUPLICATE_REQUEST"
    client("dynamodb").update_item(
        TableName=deployment.outputs["RecordsTableName"],
        Key={RECORD_KEY: {"S": record_key(owner="", agent=LAST, request_id="killed")}},
        UpdateExpression="SET deadline_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    died = kept_answer(deployment.outputs[Output.RECORDS_TABLE], agent=LAST, request_id="killed")
    assert deployment.sweep()["settled"] == 0  # whoever asked had it closed, and counted
    assert died["error"]["code"] == deployment.record(LAST, "killed")["error_code"]
    assert died["error"]["code"] == "FUNCTION_DIED"
    answer = deployment.ask(LAST, request_id="killed").answer
    assert answer["success"]
    assert deployment.record(LAST, "killed")["status"] == "succeeded"


@pytest.mark.parametrize("kind", [FaultKind.IDLE_CLOSE, FaultKind.IDLE_RESET])
def test_a_function_frozen_while_its_connection_dies_answers_when_it_thaws(
    deployment: Deployment, kind: FaultKind
) -> None:
    role = deployment.role(LAST).rpartition("/")[2]
    deployment.ask(LAST)
    processes = function_processes(function_name(cdk.LOCAL_ENV, LAST))
    # After each of the next request's two model calls, so the pool is left with a dead connection.
    deployment.bedrock.inject(Fault(kind, role=role, count=2))
    assert deployment.ask(LAST).answer["success"]
    for sent in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            os.kill(process, sent)
    answer = deployment.ask(LAST).answer
    assert answer["success"]
    assert answer["performance"]["coldStart"] is False


def test_a_request_id_is_served_once_by_the_deployed_table(deployment: Deployment) -> None:
    first: dict[str, Any] = deployment.ask(FIRST, request_id="once").answer
    assert first["success"]
    calls = deployment.bedrock.stats().requests
    assert deployment.ask(FIRST, request_id="once").answer == first
    assert deployment.bedrock.stats().requests == calls
    other = deployment.ask(FIRST, request_id="once", query="Something else?").answer
    assert (other["status_code"], other["error"]["code"]) == (409, "REQUEST_ID_REUSED")


def test_the_same_request_id_goes_along_the_chain(deployment: Deployment) -> None:
    for agent in AGENTS:
        assert deployment.ask(agent, request_id="along").answer["success"]


SECRETS = ("Zephyrhorst", "4111 1111 1111 1111", "jane.roe@example.org", "AKIAIOSFODNN7EXAMPLE")


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (None, 0),
        (FaultKind.VALIDATION, 1),
        (FaultKind.STREAM_VALIDATION, 1),
        (FaultKind.CUT, MAX_ATTEMPTS),
    ],
)
def test_a_failure_tells_no_word_of_the_request(
    deployment: Deployment, fault: FaultKind | None, count: int
) -> None:
    secret, request_id = " ".join(SECRETS), f"secret-{fault}"
    if fault is not None:
        role = deployment.role(LAST).rpartition("/")[2]
        deployment.bedrock.inject(Fault(fault, role=role, count=count, message=secret))
    event = {
        "query": f"Write the report of {secret}",
        "parameters": {"project_name": secret},
        "request_id": request_id,
        # Without its inputs, a tool fails.
        "project_id": "empty-secret",
    }
    arn, functions = deployment.arn(LAST), client("lambda")
    functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(event).encode())

    def ended() -> dict[str, Any] | None:
        try:
            found = deployment.record(LAST, request_id)
        except KeyError:
            return None  # not even begun
        return found if found["status"] != "running" else None

    record = eventually(ended)
    words = {name: value for name, value in record.items() if name != "answer"}
    messages = []
    if fault is not None:
        messages = eventually(
            lambda: (
                client("sqs")
                .receive_message(
                    QueueUrl=deployment.queue_url(LAST),
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["All"],
                )
                .get("Messages")
            )
        )
    # The event itself is the dead letter; what is said about it is not.
    said = [message["MessageAttributes"] for message in messages]
    logs = client("logs")
    group = f"/aws/lambda/tradewind-local-{LAST}"

    def lines() -> list[str]:
        events = logs.filter_log_events(logGroupName=group)["events"]
        found: list[str] = [event["message"] for event in events]
        return found if any(request_id in line for line in found) else []

    places = {
        "record": repr(words),
        "dead letters": repr(said),
        "logs": "\n".join(eventually(lines)),
    }
    assert [(one, place) for place, text in places.items() for one in SECRETS if one in text] == []
    kept = kept_answer(deployment.outputs[Output.RECORDS_TABLE], agent=LAST, request_id=request_id)
    assert kept["success"] is False
