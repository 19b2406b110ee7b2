"""Rules that invoke functions, on a schedule or for an event.

MiniStack asks nobody whether a rule may invoke its target, and runs the function at once and by
itself: what the function says of asynchronous invocations would not be read.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudwatch, eventbridge, lambda_svc

from devtools.localcloud.running import ACCOUNT_ID, REGION

logger = logging.getLogger("devtools.localcloud.schedules")

_SERVICE = "events.amazonaws.com"


def install() -> None:
    """Make MiniStack's rules invoke functions through this module."""
    invoke = eventbridge._invoke_target

    def invoke_with_leave(
        target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None
    ) -> None:
        function = target["Arn"]
        if ":lambda:" in function and not _may_invoke(rule["Arn"], function):
            logger.warning("%s may not invoke %s", rule["Arn"], function)
            cloudwatch.record_metric(
                "AWS/Events", "FailedInvocations", 1, "Count", {"RuleName": rule["Name"]}
            )
            return
        invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_with_leave
    eventbridge._dispatch_to_lambda = _invoke_in_background


def unsupported(properties: Mapping[str, Any]) -> str | None:
    """What of a rule cannot be honoured; None when all can."""
    schedule = properties.get("ScheduleExpression", "")
    if not eventbridge._validate_schedule_expression(schedule):
        return f"ScheduleExpression: {schedule!r} is not valid"
    for target in properties.get("Targets", []):
        unknown = sorted(set(target) - {"Arn", "Id"})
        if unknown:
            return f"Targets: {', '.join(unknown)} is not supported here"
        if ":lambda:" not in target["Arn"]:
            return f"Targets: {target['Arn']} is no function, and is not invoked here"
    return None


def _may_invoke(rule_arn: str, function_arn: str) -> bool:
    """Whether the function's own policy lets this rule invoke it."""
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return False
    request = iam_evaluator.EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account=ACCOUNT_ID,
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=REGION,
        secure_transport=True,
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": ACCOUNT_ID},
    )
    result = iam_evaluator.evaluate_resource_policy(found[0], request, service=_SERVICE)
    return bool(result.decision == "Allow")


def _invoke_in_background(function_arn: str, payload: str) -> None:
    """Invoke as everybody does who does not wait for an answer."""
    function, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    if not function or not config:
        logger.warning("The function %s of a rule does not exist", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
