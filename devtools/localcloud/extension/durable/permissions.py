"""Which action a request about executions is, and on which resource. MiniStack asks nobody."""

from typing import Any

from ministack.core import iam_actions
from ministack.services import lambda_svc

from devtools.localcloud.extension.durable.api import parse
from devtools.localcloud.extension.durable.driver import Driver

_ACTIONS = {
    ("callback", "fail"): "SendDurableExecutionCallbackFailure",
    ("callback", "heartbeat"): "SendDurableExecutionCallbackHeartbeat",
    ("callback", "succeed"): "SendDurableExecutionCallbackSuccess",
    ("execution", ""): "GetDurableExecution",
    ("execution", "checkpoint"): "CheckpointDurableExecution",
    ("execution", "history"): "GetDurableExecutionHistory",
    ("execution", "state"): "GetDurableExecutionState",
    ("execution", "stop"): "StopDurableExecution",
    ("function", ""): "ListDurableExecutionsByFunction",
}


def install(driver: Driver) -> None:
    """Make MiniStack check the requests' permissions."""
    action_of = iam_actions._lambda_action
    resource_of = iam_actions.extract_resource_arn

    def lambda_action(method: str, path: str) -> str | None:
        request = parse(path)
        if request is None:
            found: str | None = action_of(method, path)
            return found
        # One that is not there is refused to all but who may do everything.
        return _ACTIONS.get((request[0], request[2]), "UnknownDurableExecutionOperation")

    def extract_resource_arn(service: str, method: str, path: str, *rest: Any) -> str:
        request = parse(path) if service == "lambda" else None
        if request is None or request[0] == "function":
            resource: str = resource_of(service, method, path, *rest)
            # MiniStack leaves out a qualifier that stands in the query.
            return _qualified(resource, *rest) if path.endswith("/invocations") else resource
        kind, subject, _ = request
        if kind == "execution":
            return subject
        found = driver.executions.of_callback(subject)
        return found[0].arn if found else "*"

    def _qualified(resource: str, _headers: object, _body: object, query: Any, *_: object) -> str:
        name = resource.rpartition(":function:")[2]
        function = lambda_svc._functions.get(name)
        qualifier = lambda_svc._qp_first(query, "Qualifier")
        durable = function is not None and function["config"].get("DurableConfig")
        return f"{resource}:{qualifier}" if durable and qualifier else resource

    iam_actions._lambda_action = lambda_action
    iam_actions.extract_resource_arn = extract_resource_arn
