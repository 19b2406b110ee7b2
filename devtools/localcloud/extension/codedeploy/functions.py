"""Aliases, hooks and alarms, as a deployment uses them: in the name of its group's service role."""

import json
from typing import Any, Final

from ministack.services import cloudwatch, lambda_svc

from devtools.localcloud.extension.access import act_as, role_may
from devtools.localcloud.extension.codedeploy.appspec import AppSpec
from devtools.localcloud.extension.codedeploy.permissions import trusts_codedeploy
from devtools.localcloud.extension.codedeploy.refusal import Failed
from devtools.localcloud.running import ACCOUNT_ID, REGION

_FUNCTIONS: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:"
_WHOLE: Final = 100


def check(role: str, spec: AppSpec) -> None:
    """Check what is to be deployed, and the role.

    Raises:
        Failed: There is no such role, function, alias or version, or the alias has other versions.
    """
    if not trusts_codedeploy(role):
        raise Failed(
            f"The role {role} does not exist, or does not let codedeploy.amazonaws.com assume it",
            "IAM_ROLE_MISSING",
        )
    alias = _alias(spec)
    _require(role, "lambda:GetAlias", f"{_FUNCTIONS}{spec.function}")
    if alias["FunctionVersion"] != spec.current or alias.get("RoutingConfig"):
        raise Failed(
            "The deployment failed because the AppSpec file that specifies the AWS Lambda "
            "deployment configuration is missing or has an invalid configuration. The Lambda "
            "function alias version does not match the current version in AppSpec file.",
            "INVALID_LAMBDA_CONFIGURATION",
        )
    if spec.target not in lambda_svc._functions[spec.function]["versions"]:
        raise Failed(
            f"The function {spec.function} has no version {spec.target}", "INVALID_LAMBDA_FUNCTION"
        )


def shift(role: str, spec: AppSpec, percent: int) -> None:
    """Send a share of an alias's traffic to the new version; at 100 % it is the alias's only one.

    Raises:
        Failed: The role may not, or Lambda refuses.
    """
    _require(role, "lambda:UpdateAlias", f"{_FUNCTIONS}{spec.function}")
    whole = percent == _WHOLE
    weights = {} if whole else {spec.target: percent / _WHOLE}
    _update(
        spec,
        {
            "FunctionVersion": spec.target if whole else spec.current,
            "RoutingConfig": {"AdditionalVersionWeights": weights},
        },
    )


def send_back(role: str, spec: AppSpec) -> None:
    """Give an alias its old version again, and that only.

    Raises:
        Failed: The role may not, or Lambda refuses.
    """
    _require(role, "lambda:UpdateAlias", f"{_FUNCTIONS}{spec.function}")
    routing: dict[str, Any] = {"AdditionalVersionWeights": {}}
    _update(spec, {"FunctionVersion": spec.current, "RoutingConfig": routing})


def ask(role: str, hook: str, deployment_id: str, execution_id: str) -> None:
    """Invoke a hook, which is to tell CodeDeploy what it found.

    Raises:
        Failed: There is no such function, or the role may not invoke it.
    """
    record, config, name = lambda_svc._get_func_record_for_ref(hook)
    if not record or not config:
        raise Failed(f"The hook {name} does not exist", "INVALID_LAMBDA_FUNCTION")
    _, qualifier = lambda_svc._resolve_name_and_qualifier(hook)
    arn = _FUNCTIONS + (f"{name}:{qualifier}" if qualifier else name)
    _require(role, "lambda:InvokeFunction", arn)
    event = {"DeploymentId": deployment_id, "LifecycleEventHookExecutionId": execution_id}
    # Nobody waits for its answer; what counts is what it reports.
    lambda_svc.invoke_async_with_retry(
        lambda_svc._execution_record_for_config(record, {**config, "FunctionArn": arn}), event
    )


def activated(role: str, names: list[str]) -> list[str]:
    """Which of some alarms are in the state ALARM.

    Raises:
        Failed: The role may not look, or one is not there.
    """
    for name in names:
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{name}"
        _require(role, "cloudwatch:DescribeAlarms", arn)
        if name not in cloudwatch._alarms and name not in cloudwatch._composite_alarms:
            raise Failed(f"The alarm {name} could not be polled: it does not exist", "ALARM_ACTIVE")
    found = [cloudwatch._alarms.get(name) or cloudwatch._composite_alarms[name] for name in names]
    return [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]


def _alias(spec: AppSpec) -> Any:
    function = lambda_svc._functions.get(spec.function)
    if function is None or spec.alias not in function["aliases"]:
        raise Failed(
            f"The function {spec.function} with the alias {spec.alias} does not exist",
            "INVALID_LAMBDA_FUNCTION",
        )
    return function["aliases"][spec.alias]


def _update(spec: AppSpec, change: dict[str, Any]) -> None:
    status, _, body = lambda_svc._update_alias(spec.function, spec.alias, change)
    if status >= 400:  # noqa: PLR2004  an error of HTTP
        raise Failed(json.loads(body)["message"], "INVALID_LAMBDA_CONFIGURATION")


def _require(role: str, action: str, resource: str) -> None:
    act_as(role)
    if not role_may(role, action, resource):
        raise Failed(
            f"The IAM role {role} does not give you permission to perform {action} on {resource}",
            "IAM_ROLE_PERMISSIONS",
        )
