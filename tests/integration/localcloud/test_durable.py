"""Durable functions run as on Lambda: AWS's SDK, the function's own Python, and its role."""

import io
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import Running
from devtools.localcloud.lifecycle import DURABLE_LAMBDA_RUNTIME, PROJECT
from devtools.localcloud.running import ACCOUNT_ID
from tests.integration.localcloud.conftest import (
    Client,
    Deploy,
    DeploymentFailed,
    clients_for,
    package,
    role,
)

PYTHON = DURABLE_LAMBDA_RUNTIME / "python"
needs_python = pytest.mark.skipif(
    not PYTHON.exists(),
    reason="no Python 3.13 on this machine, which durable functions run on",
)

STACK = "durable"
SOURCE = Path(__file__).parent / "function" / "durable.py"
#: What AWS's runtime has and this one has not, and the SDK.
CARRIED = (
    "aws_durable_execution_sdk_python",
    *("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3"),
)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy"
_GIVE_UP_S = 60.0


def durable_package(folder: Path) -> bytes:
    """The function with the SDK and as much of boto3 as it needs, compiled where that can be."""
    site = Path(boto3.__file__).parents[1]

    def unwanted(parent: str, names: list[str]) -> list[str]:
        services = [name for name in names if "." not in name and name != "lambda"]
        return services if Path(parent) == site / "botocore" / "data" else ["__pycache__"]

    for name in CARRIED:
        shutil.copytree(site / name, folder / name, ignore=unwanted)
    shutil.copy(site / "six.py", folder)
    shutil.copy(SOURCE, folder / "app.py")
    if PYTHON.exists():
        # Or every sandbox would compile all of it anew.
        options = ("-q", "-j0", "--invalidation-mode", "unchecked-hash")
        subprocess.run([str(PYTHON), "-m", "compileall", *options, str(folder)], check=True)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, str(path.relative_to(folder)))
    return content.getvalue()


def function(code: dict[str, str], role_id: str = "Role", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": {"Fn::GetAtt": [role_id, "Arn"]},
            "Timeout": 30,
            "MemorySize": 512,
            "Code": code,
            "DurableConfig": {"ExecutionTimeout": 300},
            **properties,
        },
    }


def allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def durable_role(*statements: dict[str, Any]) -> dict[str, Any]:
    made = role(*statements)
    made["Properties"]["ManagedPolicyArns"] = [BASIC]
    return made


def functions_called(name: str) -> str:
    return f"arn:aws:lambda:*:*:function:{name}"


class Durable:
    """The deployed functions, by logical id."""

    def __init__(self, client: Client, names: dict[str, str]) -> None:
        self.names = names
        self.client = client("lambda")

    def start(
        self, function: str = "Main", qualifier: str = "$LATEST", name: str = "", **event: Any
    ) -> str:
        """Start an execution nobody waits for; returns its ARN."""
        named = {"DurableExecutionName": name} if name else {}
        answer = self.client.invoke(
            FunctionName=self.names[function],
            Qualifier=qualifier,
            InvocationType="Event",
            Payload=json.dumps(event),
            **named,
        )
        assert answer["StatusCode"] == 202
        arn: str = answer["DurableExecutionArn"]
        return arn

    def end(self, arn: str) -> Any:
        """Wait until an execution has ended; returns it."""
        for _ in until_given_up():
            execution = self.client.get_durable_execution(DurableExecutionArn=arn)
            if execution["Status"] != "RUNNING":
                return execution
        raise TimeoutError(arn)

    def result(self, arn: str) -> Any:
        execution = self.end(arn)
        assert execution["Status"] == "SUCCEEDED", execution
        return json.loads(execution["Result"])

    def events(self, arn: str, **options: Any) -> list[Any]:
        pages = self.client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=arn, PaginationConfig={"PageSize": 3}, **options
        )
        return [event for page in pages for event in page["Events"]]

    def callback(self, arn: str) -> str:
        """Wait until an execution asks; returns the id of its callback."""
        for _ in until_given_up():
            for event in self.events(arn):
                if event["EventType"] == "CallbackStarted":
                    callback_id: str = event["CallbackStartedDetails"]["CallbackId"]
                    return callback_id
        raise TimeoutError(arn)


def until_given_up() -> Iterator[None]:
    give_up = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < give_up:
        yield
        time.sleep(0.05)


Upload = Callable[[str, bytes], dict[str, str]]


@pytest.fixture(scope="module")
def code(upload: Upload, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return upload("durable.zip", durable_package(tmp_path_factory.mktemp("package")))


@pytest.fixture(scope="module")
def resources(code: dict[str, str], upload: Upload) -> dict[str, Any]:
    plain = upload("plain.zip", package())
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    return {
        "Role": durable_role(
            allow("lambda:InvokeFunction", functions_called("durable-Called*:*")),
            allow("lambda:InvokeFunction", functions_called("durable-Unversioned*")),
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead_letters},
        ),
        "Powerless": role(),
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
        "Main": function(code, DeadLetterConfig={"TargetArn": dead_letters}),
        "Hasty": function(code, Timeout=3),
        "Short": function(code, DurableConfig={"ExecutionTimeout": 1}),
        "Long": function(code, DurableConfig={"ExecutionTimeout": 901}),
        "Denied": function(code, "Powerless"),
        "Called": function(code, FunctionName="durable-Called"),
        "CalledPlain": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "durable-CalledPlain",
                "Runtime": "python3.12",
                "Handler": "app.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": plain,
            },
        },
    }


@pytest.fixture(scope="module")
def durable(client: Client, deploy: Deploy, resources: dict[str, Any]) -> Durable:
    names = {name: {"Ref": name} for name in resources if name not in ("Role", "Powerless")}
    return Durable(client, deploy(STACK, resources, names))


@needs_python
class TestRuns:
    def test_a_caller_that_waits_gets_the_end_of_it_all(self, durable: Durable) -> None:
        answer = durable.client.invoke(
            FunctionName=durable.names["Main"], Qualifier="$LATEST", Payload=b'{"do": "wait"}'
        )
        assert "FunctionError" not in answer
        assert json.load(answer["Payload"]) is True, "one sandbox, kept warm"
        kinds = [event["EventType"] for event in durable.events(answer["DurableExecutionArn"])]
        assert kinds == [
            "ExecutionStarted",
            *("StepStarted", "StepSucceeded", "WaitStarted", "InvocationCompleted"),
            *("WaitSucceeded", "StepStarted", "StepSucceeded", "InvocationCompleted"),
            "ExecutionSucceeded",
        ]

    def test_a_caller_that_waits_gets_the_error(self, durable: Durable) -> None:
        answer = durable.client.invoke(
            FunctionName=f"{durable.names['Main']}:$LATEST",
            Payload=json.dumps({"do": "fail", "message": "no such luck"}),
        )
        assert answer["FunctionError"] == "Unhandled"
        assert json.load(answer["Payload"])["errorMessage"] == "no such luck"
        steps = [
            event["StepFailedDetails"]["RetryDetails"]
            for event in durable.events(answer["DurableExecutionArn"])
            if event["EventType"] == "StepFailed"
        ]
        assert [step["CurrentAttempt"] for step in steps] == [1, 2]

    def test_nobody_waits_and_it_ends_all_the_same(self, durable: Durable) -> None:
        assert durable.result(durable.start(do="wait")) is True

    def test_a_failure_nobody_waits_for_is_not_repeated_and_ends_in_the_dead_letters(
        self, durable: Durable, client: Client
    ) -> None:
        event = {"do": "fail", "message": "unseen"}
        assert durable.end(durable.start(**event))["Status"] == "FAILED"
        (message,) = client("sqs").receive_message(
            QueueUrl=durable.names["DeadLetters"], WaitTimeSeconds=10
        )["Messages"]
        assert json.loads(message["Body"]) == event
        statuses = {"Statuses": ["RUNNING", "TIMED_OUT"]}
        name = durable.names["Main"]
        found = durable.client.list_durable_executions_by_function(FunctionName=name, **statuses)
        assert found["DurableExecutions"] == []

    def test_its_own_time_ends_it_and_is_counted(self, durable: Durable, client: Client) -> None:
        execution = durable.end(durable.start("Short", do="wait", seconds=600))
        assert execution["Status"] == "TIMED_OUT"

        def count(metric: str) -> float:
            points = client("cloudwatch").get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=f"DurableExecution{metric}",
                Dimensions=[{"Name": "FunctionName", "Value": durable.names["Short"]}],
                StartTime=time.time() - 600,
                EndTime=time.time() + 60,
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
            return float(sum(point["Sum"] for point in points))

        for _ in until_given_up():
            if count("Duration") >= 1000:
                break
        assert (count("Started"), count("TimedOut"), count("Succeeded")) == (1, 1, 0)

    def test_it_runs_on_its_own_python(self, durable: Durable) -> None:
        found = durable.result(durable.start(do="answer"))
        assert found["python"] == [3, 13]
        assert found["environment"] == "AWS_Lambda_python3.13"

    @pytest.mark.parametrize(
        ("function", "qualifier", "message"),
        [
            ("Main", {}, "using an unqualified ARN"),
            ("Long", {"Qualifier": "$LATEST"}, "executionTimeout greater than 15 minutes"),
            ("CalledPlain", {"DurableExecutionName": "n"}, "not a durable function"),
        ],
    )
    def test_what_is_not_run(
        self, durable: Durable, function: str, qualifier: dict[str, str], message: str
    ) -> None:
        with pytest.raises(ClientError, match=message) as refused:
            durable.client.invoke(FunctionName=durable.names[function], **qualifier)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    def test_a_name_makes_it_one(self, durable: Durable) -> None:
        arn = durable.start(name="once", do="answer")
        assert durable.start(name="once", do="answer") == arn
        with pytest.raises(durable.client.exceptions.DurableExecutionAlreadyStartedException):
            durable.start(name="once", do="answer", other=1)
        durable.end(arn)


@needs_python
class TestDeaths:
    @pytest.mark.parametrize(
        ("do", "result"),
        [
            ("hang_in_step", ["before", 1]),
            ("hang_between_steps", ["before", 1]),
            ("hang_once", 2),
        ],
    )
    def test_a_killed_sandbox_costs_no_step_that_was_done(
        self, durable: Durable, tmp_path: Path, do: str, result: Any
    ) -> None:
        arn = durable.start(do=do, folder=str(tmp_path))
        os.kill(the_one_that_hangs(tmp_path), signal.SIGKILL)
        assert durable.result(arn) == result
        if do != "hang_once":
            assert (tmp_path / "notes").read_text() == "before\n", "once"
        failed = [
            event["InvocationCompletedDetails"]["Error"]["Payload"]["ErrorType"]
            for event in durable.events(arn, IncludeExecutionData=True)
            if "Error" in event.get("InvocationCompletedDetails", {})
        ]
        assert "Runtime.ExitError" in failed

    def test_a_sandbox_out_of_time_is_replaced(self, durable: Durable, tmp_path: Path) -> None:
        arn = durable.start("Hasty", do="hang_in_step", folder=str(tmp_path))
        assert durable.result(arn) == ["before", 1]


def the_one_that_hangs(folder: Path) -> int:
    for _ in until_given_up():
        if (folder / "pid").exists():
            return int((folder / "pid").read_text())
    raise TimeoutError(folder)


@needs_python
class TestChains:
    def test_a_function_s_answer_resumes_its_caller(self, durable: Durable) -> None:
        event = {"do": "answer", "answer": "from the plain one"}
        arn = durable.start(do="invoke", target=durable.names["CalledPlain"], payload=event)
        assert durable.result(arn) == "from the plain one"

    def test_a_durable_function_s_end_resumes_its_caller(self, durable: Durable) -> None:
        target = f"{durable.names['Called']}:$LATEST"
        arn = durable.start(do="invoke", target=target, payload={"do": "wait"})
        assert durable.result(arn) is True

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            ("Called", "using an unqualified ARN"),
            ("Main", "using an unqualified ARN"),
            ("Hasty:$LATEST", "is not authorized to perform: lambda:InvokeFunction on resource"),
            ("nowhere", "Function not found"),
        ],
    )
    def test_what_is_not_called(self, durable: Durable, function: str, message: str) -> None:
        name, colon, qualifier = function.partition(":")
        target = durable.names.get(name, name) + colon + qualifier
        execution = durable.end(durable.start(do="invoke", target=target, payload={}))
        assert execution["Status"] == "FAILED"
        assert message in execution["Error"]["ErrorMessage"]


@needs_python
class TestCallbacks:
    def test_an_answer_resumes_the_version_it_began_on(self, durable: Durable) -> None:
        lambda_, name = durable.client, durable.names["Main"]
        versions = []
        for generation in ("one", "two"):
            variables = {"Variables": {"GENERATION": generation}}
            lambda_.update_function_configuration(FunctionName=name, Environment=variables)
            versions.append(lambda_.publish_version(FunctionName=name)["Version"])
        alias = {"FunctionName": name, "Name": "live"}
        lambda_.create_alias(**alias, FunctionVersion=versions[0])
        arn = durable.start(qualifier="live", do="ask")
        callback_id = durable.callback(arn)
        lambda_.update_alias(**alias, FunctionVersion=versions[1])
        lambda_.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
        lambda_.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
        assert durable.result(arn) == ['"yes"', "one"]
        assert f":{name}:{versions[0]}/" in arn
        with pytest.raises(lambda_.exceptions.CallbackTimeoutException):
            lambda_.send_durable_execution_callback_success(CallbackId=callback_id)
        arn = durable.start(qualifier="live", do="ask")
        refusal = {"ErrorType": "No", "ErrorMessage": "not today"}
        lambda_.send_durable_execution_callback_failure(
            CallbackId=durable.callback(arn), Error=refusal
        )
        assert "not today" in durable.end(arn)["Error"]["ErrorMessage"]
        routing = {"AdditionalVersionWeights": {versions[0]: 1.0}}
        lambda_.update_alias(**alias, RoutingConfig=routing)
        assert f":{name}:{versions[0]}/" in durable.start(qualifier="live", do="ask")

    def test_an_answer_that_does_not_come(self, durable: Durable) -> None:
        execution = durable.end(durable.start(do="ask", timeout=1))
        assert execution["Status"] == "FAILED"
        assert "timed out" in execution["Error"]["ErrorMessage"]


@needs_python
class TestPermissions:
    def test_a_role_that_may_not_checkpoint(self, durable: Durable) -> None:
        error = durable.end(durable.start("Denied", do="wait"))["Error"]
        assert "not authorized to perform: lambda:CheckpointDurableExecution" in str(error)

    def test_a_user_answers_what_its_policy_allows(
        self, durable: Durable, client: Client, cloud: Running
    ) -> None:
        iam, user = client("iam"), "answers-callbacks"
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"]}
        keys["aws_secret_access_key"] = key["SecretAccessKey"]
        theirs = clients_for(cloud, **keys)("lambda")
        arn = durable.start(do="ask")
        callback_id = durable.callback(arn)

        def may(resource: str, action: str = "SendDurableExecutionCallbackSuccess") -> None:
            statements = [allow(f"lambda:{action}", resource)]
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)

        for resource in (functions_called(durable.names["Main"]), functions_called("Other:*")):
            may(resource)
            with pytest.raises(ClientError, match="not authorized to perform: lambda:SendDurable"):
                theirs.send_durable_execution_callback_success(CallbackId=callback_id)
        may(functions_called(f"{durable.names['Main']}:*"))
        invocation = {"InvocationType": "Event", "Payload": b'{"do": "answer"}'}
        main = {"FunctionName": durable.names["Main"], "Qualifier": "$LATEST"}
        for call in (theirs.get_durable_execution, theirs.stop_durable_execution):
            with pytest.raises(ClientError, match="not authorized"):
                call(DurableExecutionArn=arn)
        theirs.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
        assert durable.result(arn)[0] == '"yes"'
        may(functions_called(durable.names["Main"]), "InvokeFunction")
        with pytest.raises(ClientError, match="not authorized to perform: lambda:InvokeFunction"):
            theirs.invoke(**main, **invocation)
        may(functions_called(f"{durable.names['Main']}:*"), "InvokeFunction")
        durable.end(theirs.invoke(**main, **invocation)["DurableExecutionArn"])
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="p")
        iam.delete_user(UserName=user)


class TestConfiguration:
    """What a template may say. Needs no Python 3.13: nothing runs."""

    def test_a_change_keeps_versions_aliases_and_policies(
        self, deploy: Deploy, client: Client, code: dict[str, str]
    ) -> None:
        def stack(timeout_s: int, **more: int) -> dict[str, Any]:
            config = {"ExecutionTimeout": timeout_s, **more}
            return {
                "Role": role(),
                "Kept": function(code, DurableConfig=config),
                "Version": {
                    "Type": "AWS::Lambda::Version",
                    "Properties": {"FunctionName": {"Ref": "Kept"}},
                },
                "Live": {
                    "Type": "AWS::Lambda::Alias",
                    "Properties": {
                        "FunctionName": {"Ref": "Kept"},
                        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                        "Name": "live",
                    },
                },
                "Permission": {
                    "Type": "AWS::Lambda::Permission",
                    "Properties": {
                        "Action": "lambda:InvokeFunction",
                        "FunctionName": {"Ref": "Kept"},
                        "Principal": "events.amazonaws.com",
                    },
                },
            }

        outputs = {"Name": {"Ref": "Kept"}}
        name = deploy("kept", stack(60, RetentionPeriodInDays=3), outputs)["Name"]
        assert deploy("kept", stack(90), outputs)["Name"] == name
        lambda_ = client("lambda")

        def config(**version: str) -> Any:
            found = lambda_.get_function_configuration(FunctionName=name, **version)
            return found["DurableConfig"]

        assert config() == {"ExecutionTimeout": 90, "RetentionPeriodInDays": 14}
        kept = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 3}
        assert config(Qualifier="live") == config(Qualifier="1") == kept
        assert "events.amazonaws.com" in lambda_.get_policy(FunctionName=name)["Policy"]
        without = stack(60)
        del without["Kept"]["Properties"]["DurableConfig"]
        with pytest.raises(DeploymentFailed, match="cannot be taken from a function"):
            deploy("kept", without)

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({"Runtime": "python3.12"}, r"not supported for the runtime python3\.12"),
            ({"DurableConfig": {"RetentionPeriodInDays": 1}}, "ExecutionTimeout is required"),
            ({"DurableConfig": {"ExecutionTimeout": 0}}, "must be from 1 to"),
            ({"DurableConfig": {"ExecutionTimeout": 1, "KMSKeyArn": "k"}}, r"KMSKeyArn is not"),
        ],
    )
    def test_what_is_not_deployed(
        self, deploy: Deploy, code: dict[str, str], properties: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(DeploymentFailed, match=message):
            deploy("undeployed", {"Role": role(), "No": function(code, **properties)})

    def test_an_existing_function_does_not_become_durable(self, durable: Durable) -> None:
        with pytest.raises(ClientError, match="cannot enable durable execution"):
            durable.client.update_function_configuration(
                FunctionName=durable.names["CalledPlain"], DurableConfig={"ExecutionTimeout": 1}
            )


WITHOUT = """
from pathlib import Path
from ministack.services import lambda_svc
from devtools.localcloud.extension import functions
surroundings = functions.Surroundings({functions.RUNTIME: Path("there")}, None, None, {})
functions.install(surroundings)
config = {"FunctionName": "f", "Runtime": "python3.13"}
result = lambda_svc._execute_function_dispatch({"code_zip": b"x"}, config, {}, "id", 0.0)
print(result["body"]["errorMessage"])
"""


def test_without_its_python_a_function_says_so_and_runs_on_no_other() -> None:
    done = subprocess.run(
        [str(PROJECT / ".venv-localcloud" / "bin" / "python"), "-c", WITHOUT],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT), "MINISTACK_ACCOUNT_ID": ACCOUNT_ID},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "f: there is no Python 3.13 on this machine, and python3.13 runs on no other; install one "
        "and run make setup"
    )
