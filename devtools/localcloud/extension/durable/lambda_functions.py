"""Lambda's functions, as the driver of executions needs them."""

import json
import logging
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from devtools.localcloud.extension import tracing
from devtools.localcloud.extension.access import act_as, role_may, session_arn
from devtools.localcloud.extension.aliases import version_of
from devtools.localcloud.extension.async_invocation import send_dead_letter
from devtools.localcloud.extension.durable.execution import Error, Execution
from devtools.localcloud.extension.durable.protocol import Outcome
from devtools.localcloud.extension.durable.refusal import not_found
from devtools.localcloud.extension.durable.target import Target
from devtools.localcloud.running import ACCOUNT_ID, REGION

#: How metrics name the ends.
_ENDS = {
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "TIMED_OUT": "TimedOut",
    "STOPPED": "Stopped",
}

logger = logging.getLogger("devtools.localcloud.durable")


class LambdaFunctions:
    """Finds and runs functions."""

    def resolve(self, name: str, qualifier: str | None) -> Target:
        """Find a version by its number or an alias.

        Raises:
            Refused: There is no such function, version or alias.
        """
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"
        function = lambda_svc._functions.get(name)
        version = version_of(function or {}, qualifier)
        code = function
        if function is not None and version != "$LATEST":
            code = function["versions"].get(version)
        if code is None:
            raise not_found(f"Function not found: {arn}:{qualifier or '$LATEST'}")
        config = {**code["config"], "FunctionArn": f"{arn}:{qualifier}" if qualifier else arn}
        return Target(name, arn, qualifier, version, config, {**code, "config": config})

    def invoke(self, target: Target, event: object, trace: str | None) -> Outcome:
        """Invoke a function and wait for its answer."""
        tracing.inbound.set(trace)
        act_as(target.config["Role"])
        try:
            result: dict[str, Any] = lambda_svc._execute_function(target.code, event)
        except Exception as problem:
            # Whoever waits for this would wait for ever.
            logger.exception("%s could not be invoked", target.name)
            return Outcome(error={"ErrorType": "ServiceException", "ErrorMessage": str(problem)})
        body, log = result.get("body"), result.get("log", "")
        if result.get("error") or result.get("throttle"):
            error = _error_of(body)
            return Outcome(error=error, throttled=bool(result.get("throttle")), log=log)
        return Outcome(body.decode() if isinstance(body, bytes) else json.dumps(body), log=log)

    def may_invoke(self, role: str, target: Target) -> Error | None:
        """Say why a role may not invoke a function; None when it may.

        A function that is named without a version is its ``$LATEST``, so that what allows the
        function's own ARN only does not allow this.
        """
        resource = f"{target.arn}:{target.qualifier or '$LATEST'}"
        action = "lambda:InvokeFunction"
        if role_may(role, action, resource):
            return None
        message = (
            f"User: {session_arn(role)} is not authorized to perform: {action} on resource: "
            f"{resource} because no identity-based policy allows the {action} action"
        )
        return {"ErrorType": "AccessDeniedException", "ErrorMessage": message}

    def count(self, execution: Execution) -> None:
        """Publish the metrics of an execution that has begun, or that has ended."""
        values = {"Started": (1.0, "Count")}
        if execution.ended is not None:
            values = {
                _ENDS[execution.status]: (1.0, "Count"),
                "Duration": ((execution.ended - execution.started) * 1000, "Milliseconds"),
                "Operations": (float(execution.operation_count), "Count"),
                "StorageWrittenBytes": (float(execution.stored_bytes), "Bytes"),
            }
        dimensions = {"FunctionName": execution.target.name}
        for name, (value, unit) in values.items():
            metric = f"DurableExecution{name}"
            cloudwatch.record_metric("AWS/Lambda", metric, value, unit, dimensions)

    def bury(self, execution: Execution) -> None:
        """Send what a failed execution was started with to its dead-letter queue, if it has one."""
        target = execution.target
        dead_letters = (target.config.get("DeadLetterConfig") or {}).get("TargetArn")
        if dead_letters:
            act_as(target.config["Role"])
            error = execution.error or {}
            failure = {"body": {"errorMessage": error.get("ErrorMessage", execution.status)}}
            event = json.loads(execution.payload)
            send_dead_letter(dead_letters, target.config, event, failure)


def _error_of(body: Any) -> dict[str, Any]:
    """A function's error in the words of executions."""
    if not isinstance(body, dict):
        return {"ErrorMessage": str(body)}
    names = {
        "ErrorType": ("errorType", "__type", "Type"),
        "ErrorMessage": ("errorMessage", "message", "Message"),
        "StackTrace": ("stackTrace",),
    }
    found = {
        name: next((body[each] for each in members if body.get(each)), None)
        for name, members in names.items()
    }
    return {name: value for name, value in found.items() if value is not None}
