"""Deployed functions run as on Lambda: awslambdaric, the bundle, the role, and nothing else."""

import base64
import json
import os
import py_compile
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import Running
from devtools.localcloud.running import start_time
from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed, package, role

STACK = "functions"


@dataclass(frozen=True)
class Answer:
    payload: Any
    error: str | None
    log: list[str]


class Functions:
    """The deployed functions, by logical id."""

    def __init__(self, client: Client, names: dict[str, str]) -> None:
        self._client = client
        self.names = names

    def invoke(self, function: str, qualifier: str = "$LATEST", **event: Any) -> Answer:
        answer = self._client("lambda").invoke(
            FunctionName=self.names[function],
            Qualifier=qualifier,
            Payload=json.dumps(event),
            LogType="Tail",
        )
        return Answer(
            payload=json.load(answer["Payload"]),
            error=answer.get("FunctionError"),
            log=base64.b64decode(answer["LogResult"]).decode().splitlines(),
        )


def function(code: dict[str, str], role_id: str = "Role", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "Role": {"Fn::GetAtt": [role_id, "Arn"]},
            "Timeout": 10,
            "Code": code,
            **properties,
        },
    }


@pytest.fixture(scope="module")
def functions(
    client: Client, deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]
) -> Functions:
    code = upload("function.zip", package(bundled="", **{"sibling.py": "NAME = 1"}))
    broken = upload("broken.zip", package(**{"app.py": "import boto3\nimport shapely\n"}))
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead_letters}
    resources = {
        "Role": role(),
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
        "TlsOnly": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "DeadLetters"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": {"AWS": "*"},
                            "Action": "sqs:*",
                            "Resource": dead_letters,
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        },
        "SendingRole": role(send),
        "Plain": function(code, Environment={"Variables": {"GREETING": "hello"}}),
        "Version": {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "Plain"}},
        },
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Plain"},
                "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                "Name": "live",
            },
        },
        "Hasty": function(code, Timeout=1),
        "Broken": function(broken, Timeout=3),
        "Json": function(
            code,
            LoggingConfig={
                "LogFormat": "JSON",
                "ApplicationLogLevel": "WARN",
                "LogGroup": {"Ref": "Logs"},
            },
        ),
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/own/group", "RetentionInDays": 1},
        },
        "Silent": function(code, role_id="BareRole"),
        "BareRole": role(
            {"Effect": "Deny", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:*"}
        ),
        "Single": function(code, ReservedConcurrentExecutions=1),
        "Failing": function(
            code, role_id="SendingRole", DeadLetterConfig={"TargetArn": dead_letters}
        ),
        "FailingVersion": {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "Failing"}},
        },
        "FailingLive": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Failing"},
                "FunctionVersion": {"Fn::GetAtt": ["FailingVersion", "Version"]},
                "Name": "live",
            },
        },
        "NoRetries": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Failing"},
                "MaximumRetryAttempts": 0,
                "Qualifier": "live",
            },
            "DependsOn": "FailingLive",
        },
    }
    kinds = {"AWS::Lambda::Function", "AWS::SQS::Queue"}
    named = [key for key, resource in resources.items() if resource["Type"] in kinds]
    return Functions(client, deploy(STACK, resources, {key: {"Ref": key} for key in named}))


def events_of(client: Client, group: str) -> list[str]:
    found = client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in found]


def test_it_gets_what_lambda_gives_and_nothing_of_the_servers(
    functions: Functions, cloud: Running
) -> None:
    about = functions.invoke("Plain", do="describe").payload
    environment = about["environment"]
    assert environment["GREETING"] == "hello"
    assert environment["AWS_REGION"] == cloud.region
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == functions.names["Plain"]
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint_url
    assert environment["AWS_ENDPOINT_URL_BEDROCK"] == cloud.bedrock_endpoint_url
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == cloud.bedrock_endpoint_url
    assert environment["AWS_ACCESS_KEY_ID"] != cloud.access_key
    assert not {"GATEWAY_PORT", "MINISTACK_ACCOUNT_ID", "AUTH"} & set(environment)
    assert about["memory_mb"] == "128"
    assert 0 < about["remaining_ms"] <= 10_000
    assert about["directory"] == environment["LAMBDA_TASK_ROOT"]


def test_only_the_bundle_the_runtime_and_the_standard_library_can_be_imported(
    functions: Functions,
) -> None:
    assert functions.invoke("Plain", do="import", module="sibling").payload == "sibling"
    assert functions.invoke("Plain", do="import", module="awslambdaric").error is None
    about = functions.invoke("Plain", do="describe").payload
    assert not [folder for folder in about["path"] if "site-packages" in folder]
    # The server's own environment has these two; the function must not find them.
    for module in ("botocore", "cryptography", "ministack"):
        answer = functions.invoke("Plain", do="import", module=module)
        assert answer.error == "Unhandled"
        assert answer.payload["errorType"] == "ModuleNotFoundError"


def test_a_dependency_missing_from_the_bundle_fails_its_start(functions: Functions) -> None:
    answer = functions.invoke("Broken")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'boto3'" in answer.payload["errorMessage"]


def test_the_next_event_finds_the_same_process(functions: Functions) -> None:
    first = functions.invoke("Plain", "live", do="describe")
    second = functions.invoke("Plain", "live", do="describe")
    assert first.payload["pid"] == second.payload["pid"]
    assert first.payload["request_id"] != second.payload["request_id"]
    assert "Init Duration" in first.log[-1]
    assert "Init Duration" not in second.log[-1]
    assert first.payload["environment"]["AWS_LAMBDA_FUNCTION_VERSION"] == "1"
    assert first.payload["function_arn"].endswith(":live")


@pytest.mark.parametrize("answer", [None, "text", 1.5, [1, {"a": "ü"}], {"statusCode": 200}])
def test_any_json_comes_back_as_it_is(functions: Functions, answer: object) -> None:
    assert functions.invoke("Plain", do="answer", answer=answer).payload == answer


def test_an_exception_is_reported_by_its_own_name(functions: Functions) -> None:
    answer = functions.invoke("Plain", do="fail", message="too close")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "SitingError"
    assert answer.payload["errorMessage"] == "too close"
    # It does not cost the process: the next event is a warm one.
    assert "Init Duration" not in functions.invoke("Plain", do="describe").log[-1]


def test_a_function_over_its_time_is_killed(functions: Functions) -> None:
    first = functions.invoke("Hasty", do="describe").payload
    late = functions.invoke("Hasty", do="sleep", seconds=30)
    assert late.payload["errorType"] == "Sandbox.Timedout"
    assert late.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert late.log[-1].endswith("Status: timeout")
    again = functions.invoke("Hasty", do="describe")
    assert again.payload["pid"] != first["pid"]
    assert not Path(f"/proc/{first['pid']}").exists()


def test_a_function_that_exits_is_reported_and_replaced(functions: Functions) -> None:
    gone = functions.invoke("Plain", do="exit", status=7)
    assert gone.payload["errorType"] == "Runtime.ExitError"
    assert gone.payload["errorMessage"].endswith("exit status 7")
    assert functions.invoke("Plain", do="answer", answer="back").payload == "back"


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize(
    ("status", "cause"),
    [(0, "exited without providing a reason"), (3, "exited with error: exit status 3")],
)
def test_a_process_that_ends_between_events_is_replaced_at_no_ones_cost(
    functions: Functions, client: Client, seconds: float, status: int, cause: str
) -> None:
    last = functions.invoke("Plain", do="answer_and_exit", seconds=seconds, status=status)
    assert last.error is None
    # At once: it may not have ended yet.
    fresh = functions.invoke("Plain", do="describe")
    assert fresh.error is None
    assert fresh.payload["pid"] != last.payload
    assert fresh.payload["remaining_ms"] > 8_000  # the wait for its end is not its time
    assert "Init Duration" in fresh.log[-1]
    request_id = last.log[0].removeprefix("START RequestId: ").partition(" ")[0]
    line = f"RequestId: {request_id} Error: Runtime {cause}"
    for _ in until(60):
        if line in events_of(client, f"/aws/lambda/{functions.names['Plain']}"):
            return
    raise AssertionError("Lambda's log does not say that the process ended")


def test_a_process_killed_while_it_waits_is_replaced_at_no_ones_cost(functions: Functions) -> None:
    for _ in range(10):
        process = functions.invoke("Plain", do="describe").payload["pid"]
        os.kill(process, signal.SIGKILL)
        while start_time(process) is not None:  # a signal takes its time
            time.sleep(0.001)
        again = functions.invoke("Plain", do="describe")
        assert again.error is None
        assert again.payload["pid"] != process


def test_what_a_function_does_after_its_answer_is_waited_for(functions: Functions) -> None:
    first = functions.invoke("Plain", do="answer_and_linger", seconds=1)
    second = functions.invoke("Plain", do="describe")
    assert second.payload["pid"] == first.payload
    assert "Init Duration" not in second.log[-1]
    assert second.payload["remaining_ms"] > 9_000


def test_a_function_that_lingers_past_its_timeout_is_killed(functions: Functions) -> None:
    first = functions.invoke("Hasty", do="answer_and_linger", seconds=30)
    assert first.error is None
    second = functions.invoke("Hasty", do="describe")
    assert second.error is None
    assert second.payload["pid"] != first.payload


def test_output_reaches_the_log_unmodified_between_lambdas_own_lines(
    functions: Functions, client: Client
) -> None:
    text = json.dumps({"_aws": {"CloudWatchMetrics": []}, "tab": "a\tb", "ü": 1})
    answer = functions.invoke("Plain", do="print", text=text)
    assert answer.log[0].startswith("START RequestId: ")
    assert answer.log[1:3] == [text, text]
    assert answer.log[3].startswith("END RequestId: ")
    assert answer.log[4].startswith("REPORT RequestId: ")
    events = events_of(client, f"/aws/lambda/{functions.names['Plain']}")
    assert set(answer.log) <= set(events)


def test_all_output_is_in_the_log_before_the_report(functions: Functions) -> None:
    many = "\n".join(str(number) for number in range(5000))
    log = functions.invoke("Plain", do="print", text=many).log
    assert log[-1].startswith("REPORT ")
    assert log[-3] == "4999"


def test_a_process_has_one_log_stream_of_the_name_it_was_given(
    functions: Functions, client: Client
) -> None:
    about = functions.invoke("Json", do="describe").payload["environment"]
    functions.invoke("Json", do="print", text="{}")
    streams = client("logs").describe_log_streams(logGroupName="/own/group")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == [about["AWS_LAMBDA_LOG_STREAM_NAME"]]
    assert about["AWS_LAMBDA_LOG_GROUP_NAME"] == "/own/group"
    assert about["AWS_LAMBDA_LOG_LEVEL"] == "WARN"


def test_json_logging_makes_every_line_json(functions: Functions, client: Client) -> None:
    ours = {"message": "ours", "level": "WARN", "timestamp": "2026-01-01T00:00:00.000Z"}
    log = functions.invoke("Json", do="print", text=json.dumps(ours)).log
    kinds = [json.loads(line).get("type") for line in log]
    assert kinds == ["platform.start", None, None, "platform.report"]


def test_lines_below_the_level_and_those_without_one_are_dropped(functions: Functions) -> None:
    metrics = json.dumps({"_aws": {"CloudWatchMetrics": []}})
    log = functions.invoke("Json", do="print", text=metrics).log
    assert [json.loads(line)["type"] for line in log] == ["platform.start", "platform.report"]


def test_metrics_have_the_time_when_the_invocation_began(
    functions: Functions, client: Client
) -> None:
    seconds = 3
    functions.invoke("Json", do="sleep", seconds=seconds)
    ended = time.time()
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Duration",
        Dimensions=[{"Name": "FunctionName", "Value": functions.names["Json"]}],
        StartTime=ended - 3600,
        EndTime=ended + 60,
        Period=1,
        Statistics=["Maximum"],
    )["Datapoints"]
    (point,) = [point for point in points if point["Maximum"] >= seconds * 1000]
    assert point["Timestamp"].timestamp() <= ended - seconds


def test_memory_beyond_the_functions_kills_it(functions: Functions) -> None:
    answer = functions.invoke("Json", do="fill", megabytes=400)
    assert answer.payload["errorType"] == "Runtime.ExitError"
    record = json.loads(answer.log[-1])["record"]
    assert (record["status"], record["errorType"]) == ("error", "Runtime.OutOfMemory")
    assert record["metrics"]["maxMemoryUsedMB"] == record["metrics"]["memorySizeMB"]


@pytest.mark.parametrize(
    ("event", "error_type"),
    [
        ({"do": "exit", "status": 7}, "Runtime.ExitError"),
        ({"do": "fail", "message": "too close"}, "Runtime.Unknown"),
    ],
)
def test_a_failures_report_says_what_it_failed_by(
    functions: Functions, event: dict[str, Any], error_type: str
) -> None:
    done, report = (json.loads(line) for line in functions.invoke("Json", **event).log[-2:])
    assert (done["type"], report["type"]) == ("platform.runtimeDone", "platform.report")
    for line in (done, report):
        assert line["record"]["status"] == "error"
        assert line["record"]["errorType"] == error_type


def test_without_the_permission_there_is_no_log(functions: Functions, client: Client) -> None:
    assert functions.invoke("Silent", do="print", text="lost").error is None
    groups = client("logs").describe_log_groups(
        logGroupNamePrefix=f"/aws/lambda/{functions.names['Silent']}"
    )["logGroups"]
    assert groups == []


def test_reserved_concurrency_throttles(functions: Functions, client: Client) -> None:
    invoke = client("lambda").invoke
    name = functions.names["Single"]
    invoke(FunctionName=name, InvocationType="Event", Payload=b'{"do": "sleep", "seconds": 2}')

    def invoke_until_throttled() -> None:
        # The asynchronous one may not have begun yet.
        for _ in until(5):
            invoke(FunctionName=name, Payload=b'{"do": "answer", "answer": 1}')

    with pytest.raises(client("lambda").exceptions.TooManyRequestsException):
        invoke_until_throttled()


def test_events_that_find_no_room_wait_in_the_queue(functions: Functions, client: Client) -> None:
    name = functions.names["Single"]

    def counted(metric: str) -> float:
        points = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=time.time() - 3600,
            EndTime=time.time() + 60,
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points)

    invocations, throttles = counted("Invocations"), counted("Throttles")
    for _ in range(3):
        client("lambda").invoke(
            FunctionName=name, InvocationType="Event", Payload=b'{"do": "sleep", "seconds": 0.5}'
        )
    # One at a time, and each of them in the end.
    for _ in until(60):
        if counted("Invocations") == invocations + 3:
            break
    assert counted("Invocations") == invocations + 3
    assert counted("Throttles") > throttles


def test_an_asynchronous_failure_ends_in_the_dead_letter_queue(
    functions: Functions, client: Client
) -> None:
    event = {"do": "fail", "message": "nobody waits"}
    client("lambda").invoke(
        FunctionName=functions.names["Failing"],
        Qualifier="live",
        InvocationType="Event",
        Payload=json.dumps(event),
    )
    (message,) = client("sqs").receive_message(
        QueueUrl=functions.names["DeadLetters"], WaitTimeSeconds=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert json.loads(message["Body"]) == event
    attributes = message["MessageAttributes"]
    assert attributes["ErrorMessage"]["StringValue"] == "nobody waits"
    assert attributes["ErrorCode"]["StringValue"] == "200"
    # The alias's own setting counts: called once, not again.
    errors = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": functions.names["Failing"]}],
        StartTime=time.time() - 600,
        EndTime=time.time() + 60,
        Period=3600,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert [(point["Sum"], point["SampleCount"]) for point in errors] == [(1.0, 1.0)]

    def sent() -> float:
        answer = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="NumberOfMessagesSent",
            Dimensions=[
                {"Name": "QueueName", "Value": functions.names["DeadLetters"].rpartition("/")[2]}
            ],
            StartTime=time.time() - 600,
            EndTime=time.time() + 60,
            Period=3600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    # SQS's own metrics come a little later.
    for _ in until(30):
        if sent():
            break
    assert sent() == 1


def test_byte_code_in_the_bundle_is_used(
    client: Client, functions: Functions, tmp_path: Path
) -> None:
    """The source says one thing and its unchecked byte code another; the byte code counts."""
    source = tmp_path / "compiled.py"
    source.write_text("def handler(event, context): return 'byte code'")
    byte_code = tmp_path / "compiled.pyc"
    py_compile.compile(
        str(source),
        cfile=str(byte_code),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        doraise=True,
    )
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("compiled.py", "def handler(event, context): return 'source'")
        archive.write(byte_code, "__pycache__/compiled.cpython-312.pyc")
    configuration = client("lambda").get_function_configuration(
        FunctionName=functions.names["Plain"]
    )
    client("lambda").create_function(
        FunctionName="compiled",
        Runtime="python3.12",
        Handler="compiled.handler",
        Role=configuration["Role"],
        Code={"ZipFile": content.getvalue()},
    )
    answer = client("lambda").invoke(FunctionName="compiled", Payload=b"{}")
    assert json.load(answer["Payload"]) == "byte code"


HOOKS = """
import json, os, urllib.error, urllib.request
from snapshot_restore_py import register_after_restore, register_before_snapshot

happened = ["initialised"]
register_before_snapshot(lambda: happened.append("snapshot"))
register_after_restore(lambda: happened.append("restored"))

def ask(token):
    request = urllib.request.Request(
        os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code

def handler(event, context):
    token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    return {
        "happened": happened,
        "told": [name for name in os.environ if name.startswith("AWS_ACCESS_KEY")],
        "key": ask(token)["AccessKeyId"],
        "another's": ask("a" + token),
    }
"""


def snap_start(code: dict[str, str]) -> dict[str, Any]:
    version = {"FunctionName": {"Ref": "Function"}}
    return {
        "Role": role(),
        "Function": function(code, SnapStart={"ApplyOn": "PublishedVersions"}),
        "Version": {"Type": "AWS::Lambda::Version", "Properties": version},
    }


def test_a_snapshot_is_taken_when_a_version_is_published_and_restored_once(
    client: Client, deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]
) -> None:
    code = upload("hooks.zip", package(**{"app.py": HOOKS}))
    version = deploy("snap-start", snap_start(code), {"Arn": {"Ref": "Version"}})["Arn"]
    for _ in range(2):
        answer = client("lambda").invoke(FunctionName=version, Payload=b"{}", LogType="Tail")
        told = json.load(answer["Payload"])
        assert told["happened"] == ["initialised", "snapshot", "restored"]
        # Keys in variables would be those of the day of the snapshot.
        assert told["told"] == []
        assert told["key"]
        assert told["another's"] == 401
        assert b"Init Duration" not in base64.b64decode(answer["LogResult"])


def test_a_version_whose_snapshot_fails_is_not_published(
    deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]
) -> None:
    code = upload("no-snapshot.zip", package(**{"app.py": "import missing"}))
    with pytest.raises(DeploymentFailed, match="No module named 'missing'"):
        deploy("no-snapshot", snap_start(code))


def until(seconds: float) -> Iterator[None]:
    """Go round until the time is up."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        yield
        time.sleep(0.02)


class TestPayloads:
    """What Lambda refuses before any function sees it."""

    @pytest.mark.parametrize(
        "payload", [b"NaN", b'{"a": -Infinity}', b"text", b"{", b"\xff", b"[" * 100_000]
    )
    def test_what_is_no_json(self, client: Client, functions: Functions, payload: bytes) -> None:
        for kind in ("RequestResponse", "Event"):
            with pytest.raises(ClientError) as refused:
                client("lambda").invoke(
                    FunctionName=functions.names["Plain"], InvocationType=kind, Payload=payload
                )
            error = refused.value.response
            assert error["Error"]["Code"] == "InvalidRequestContentException"
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 400

    @pytest.mark.parametrize(
        ("kind", "limit", "message"),
        [
            (
                "RequestResponse",
                6_291_456,
                "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            ),
            (
                "Event",
                1_048_576,
                "1048577 byte payload is too large for the Event invocation type "
                "(limit 1048576 bytes)",
            ),
        ],
    )
    def test_what_is_too_large(
        self, client: Client, functions: Functions, kind: str, limit: int, message: str
    ) -> None:
        event = b'{"do": "answer", "answer": 1, "rest": "%s"}'
        rest = limit - len(event % b"")
        invoke = client("lambda").invoke
        name = functions.names["Plain"]
        taken = invoke(FunctionName=name, InvocationType=kind, Payload=event % (b"x" * rest))
        taken["Payload"].close()
        assert taken["StatusCode"] in (200, 202)
        with pytest.raises(ClientError) as refused:
            invoke(FunctionName=name, InvocationType=kind, Payload=event % (b"x" * (rest + 1)))
        error = refused.value.response
        assert error["Error"]["Code"] == "RequestEntityTooLargeException"
        assert error["Error"]["Message"] == message
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 413
