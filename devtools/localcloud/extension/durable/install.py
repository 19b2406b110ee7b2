"""Put durable functions in MiniStack's Lambda, IAM and CloudFormation."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import iam, lambda_durable, lambda_svc
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension import tracing
from devtools.localcloud.extension.durable import configuration, permissions
from devtools.localcloud.extension.durable.api import Api
from devtools.localcloud.extension.durable.driver import Driver
from devtools.localcloud.extension.durable.execution import Execution
from devtools.localcloud.extension.durable.lambda_functions import LambdaFunctions
from devtools.localcloud.extension.durable.protocol import MAX_SYNCHRONOUS_S
from devtools.localcloud.extension.durable.refusal import Refused, Response
from devtools.localcloud.extension.response_streams import pipe_of_caller

_POLICY = "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
_NAME_HEADER = "x-amz-durable-execution-name"

#: The body of the request at work, as it came.
_body: ContextVar[bytes] = ContextVar("durable_body", default=b"")


def install() -> None:
    """Make durable functions durable."""
    functions = LambdaFunctions()
    driver = Driver(functions)
    driver.keep_time()

    def find(name_or_arn: str, qualifier: str | None) -> tuple[str, str | None]:
        name, own = lambda_svc._resolve_request_scoped_name_and_qualifier(name_or_arn)
        version = functions.resolve(name, qualifier or own).version
        return name, version if qualifier or own else None

    _install_api(Api(driver, find))
    _install_invoke(driver, functions)
    _install_configuration()
    _install_cloudformation()
    _install_policy()
    permissions.install(driver)


def _install_api(api: Api) -> None:
    def try_route(
        method: str, path: str, body: bytes, query: Mapping[str, Any], function_arn_lookup: object
    ) -> Response | None:
        return api.route(method, path, body, query)

    lambda_durable.try_route = try_route


def _install_invoke(driver: Driver, functions: LambdaFunctions) -> None:
    handle: Callable[..., Awaitable[Any]] = lambda_svc.handle_request
    invoke: Callable[..., Awaitable[Any]] = lambda_svc._invoke

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        _body.set(body)
        return await handle(method, path, headers, body, query)

    async def invoke_durable(
        name: str,
        event: object,
        headers: Mapping[str, str],
        path_qualifier: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        execution_name = headers.get(_NAME_HEADER)
        function = lambda_svc._functions.get(name)
        durable = function is not None and function["config"].get("DurableConfig")
        if not durable or kind == "DryRun":
            if durable is None and execution_name:
                return Refused(f"Function {name} is not a durable function").response()
            return await invoke(name, event, headers, path_qualifier, query)
        if pipe_of_caller.get() is not None:
            return Refused("A durable function's answer cannot be streamed here").response()
        qualifier = path_qualifier or lambda_svc._qp_first(query or {}, "Qualifier") or None
        try:
            execution = driver.start(
                functions.resolve(name, qualifier),
                _body.get().decode() or "{}",
                name=execution_name,
                awaited=kind != "Event",
                trace=tracing.inbound.get(),
            )
        except Refused as refused:
            return refused.response()
        answer = {
            "X-Amz-Executed-Version": execution.target.version,
            "X-Amz-Durable-Execution-Arn": execution.arn,
        }
        if kind == "Event":
            return 202, answer, b""
        await run_reentrant(
            driver.wait, execution, float(MAX_SYNCHRONOUS_S), thread_name="durable-invoke"
        )
        if headers.get("x-amz-log-type", "").lower() == "tail":
            tail = execution.last_log.encode()[-4096:]
            answer["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
        return _reply(execution, answer)

    lambda_svc.handle_request = handle_request
    lambda_svc._invoke = invoke_durable


def _reply(execution: Execution, headers: dict[str, str]) -> Response:
    """What a caller gets who has waited for the end."""
    headers["Content-Type"] = "application/json"
    if execution.status == "SUCCEEDED":
        return 200, headers, (execution.result or "null").encode()
    error = execution.error or {}
    names = {
        "errorType": "ErrorType",
        "errorMessage": "ErrorMessage",
        "errorData": "ErrorData",
        "stackTrace": "StackTrace",
    }
    body = {name: error[member] for name, member in names.items() if error.get(member)}
    headers["X-Amz-Function-Error"] = "Unhandled"
    return 200, headers, json.dumps(body).encode()


def _install_configuration() -> None:
    create: Callable[..., Any] = lambda_svc._create_function
    change: Callable[..., Any] = lambda_svc._update_config

    def create_function(data: dict[str, Any]) -> Any:
        if "DurableConfig" in data:
            try:
                kept = configuration.checked(data["DurableConfig"], data.get("Runtime", ""))
            except Refused as refused:
                return refused.response()
            data = {**data, "DurableConfig": kept}
        return create(data)

    def update_config(name: str, data: dict[str, Any]) -> Any:
        function = lambda_svc._functions.get(name)
        if "DurableConfig" in data and function is not None:
            before = function["config"].get("DurableConfig")
            try:
                kept = configuration.changed(before, data["DurableConfig"])
            except Refused as refused:
                return refused.response()
            data = {**data, "DurableConfig": kept}
        return change(name, data)

    lambda_svc._create_function = create_function
    lambda_svc._update_config = update_config


def _install_cloudformation() -> None:
    """MiniStack drops the property, and makes a function anew, versions and all, for its change."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    make: Callable[..., Any] = handler["create"]
    change: Callable[..., Any] = handler["update"]

    def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        kept = None
        if "DurableConfig" in properties:
            runtime = properties.get("Runtime", "")
            kept = _or_fail(configuration.checked, properties["DurableConfig"], runtime)
        name, attributes = make(logical_id, properties, stack_name)
        if kept:
            lambda_svc._functions[name]["config"]["DurableConfig"] = kept
        return name, attributes

    def update(
        physical_id: str, before: Mapping[str, Any], after: Mapping[str, Any], *rest: Any
    ) -> Any:
        function = lambda_svc._functions.get(physical_id)
        kept = function["config"].get("DurableConfig") if function else None
        if kept and "DurableConfig" not in after:
            raise ValueError(
                "AWS::Lambda::Function: durable execution cannot be taken from a function; give "
                "it another logical id"
            )
        if "DurableConfig" in after:
            # Afresh: a property of it that the template no longer has is the default again.
            _or_fail(configuration.changed, kept, after["DurableConfig"])
            runtime = after.get("Runtime", "")
            kept = _or_fail(configuration.checked, after["DurableConfig"], runtime)
        without = [
            {name: value for name, value in each.items() if name != "DurableConfig"}
            for each in (before, after)
        ]
        name, attributes = change(physical_id, *without, *rest)
        if kept:
            lambda_svc._functions[name]["config"]["DurableConfig"] = kept
        return name, attributes

    handler["create"], handler["update"] = create, update


def _or_fail(check: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    try:
        return check(*arguments)
    except Refused as refused:
        raise ValueError(f"AWS::Lambda::Function: {refused}") from None


def _install_policy() -> None:
    """The managed policy that CDK attaches to a durable function's role."""
    actions = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "lambda:CheckpointDurableExecution",
        "lambda:GetDurableExecutionState",
    ]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    record = iam._make_aws_managed_record(_POLICY, document)
    iam._aws_managed_policies[record["Arn"]] = record
