"""An alias in a template whose new version it gets by a deployment.

Source: "UpdatePolicy attribute" in the CloudFormation user guide, ``CodeDeployLambdaAliasUpdate``.
The alias has to have the version that the template before gave it, as callers of AWS report. Not
said there, and taken so: when an update that has shifted an alias is rolled back, the alias goes
back at once, by a deployment that asks no hook and looks at no alarm.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import cloudformation
from ministack.services.cloudformation import engine, provisioners

from devtools.localcloud.extension.codedeploy.appspec import AFTER, BEFORE, AppSpec
from devtools.localcloud.extension.codedeploy.records import Deployment
from devtools.localcloud.extension.codedeploy.refusal import Refused
from devtools.localcloud.extension.codedeploy.service import Service

ALIAS: Final = "AWS::Lambda::Alias"
POLICY: Final = "CodeDeployLambdaAliasUpdate"
_HOOKS: Final = {"BeforeAllowTrafficHook": BEFORE, "AfterAllowTrafficHook": AFTER}
_NAMES: Final = {"ApplicationName", "DeploymentGroupName", *_HOOKS}

Properties = Mapping[str, Any]


def install(service: Service) -> None:
    """Put this around the handler of aliases."""
    handler = provisioners._RESOURCE_HANDLERS[ALIAS]
    change: Callable[..., Any] = handler["update"]

    def update(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str
    ) -> Any:
        moves = all(before.get(name) == after.get(name) for name in ("FunctionName", "Name"))
        if moves and before["FunctionVersion"] != after["FunctionVersion"]:
            stack = cloudformation._stacks[stack_name]
            policy = _policy(stack, logical_id)
            if policy:
                _deploy(service, stack, policy, _spec(policy, before, after))
        return change(physical_id, before, after, stack_name, logical_id)

    handler["update"] = update
    _order_by_policies()


def _spec(policy: Mapping[str, str], before: Properties, after: Properties) -> AppSpec:
    _, name, *_ = provisioners._lambda_function_for_cfn_ref(after["FunctionName"])
    hooks = {event: policy[hook] for hook, event in _HOOKS.items() if policy.get(hook)}
    return AppSpec(name, after["Name"], before["FunctionVersion"], after["FunctionVersion"], hooks)


def _deploy(
    service: Service, stack: Mapping[str, Any], policy: Mapping[str, str], spec: AppSpec
) -> None:
    try:
        group = service.records.group(
            policy.get("ApplicationName"), policy.get("DeploymentGroupName")
        )
        if "ROLLBACK" in stack["StackStatus"]:
            deployment = service.send_back(group, spec)
        else:
            deployment = service.start(group, spec, "CloudFormation")
    except Refused as refused:
        raise ValueError(f"{ALIAS}: {refused} ({refused.code})") from None
    service.wait(deployment)
    if deployment.status != "Succeeded":
        raise ValueError(_said(deployment))


def _said(deployment: Deployment) -> str:
    """Why the alias was not updated: AWS's words, and which deployments tell more."""
    error = deployment.error or {}
    back = deployment.rollback_info.get("rollbackDeploymentId")
    rolled_back = f", rolled back by {back}" if back else ""
    return (
        f"Deployment Failed: {error.get('message')} (Error code: {error.get('code')}; "
        f"{deployment.id}{rolled_back})"
    )


def _policy(stack: Mapping[str, Any], logical_id: str) -> dict[str, str] | None:
    """The alias's update policy, of the template that is being deployed."""
    template = engine._parse_template(stack["_template_body"])
    resource = (template.get("Resources") or {}).get(logical_id) or {}
    given = resource.get("UpdatePolicy") or {}
    unknown = sorted(set(given) - {POLICY}) + sorted(set(given.get(POLICY) or {}) - _NAMES)
    if unknown:
        raise ValueError(f"{ALIAS}: UpdatePolicy: {', '.join(unknown)} is not supported here")
    if POLICY not in given:
        return None
    parameters = {
        each["ParameterKey"]: {"Value": each["ParameterValue"], "NoEcho": False}
        for each in stack.get("Parameters") or []
    }
    resolved: dict[str, str] = engine._resolve_refs(
        copy.deepcopy(given[POLICY]),
        stack["_resources"],
        parameters,
        stack.get("_conditions") or {},
        template.get("Mappings") or {},
        stack["StackName"],
        stack["StackId"],
    )
    return {name: value for name, value in resolved.items() if isinstance(value, str)}


def _order_by_policies() -> None:
    """A group that an alias's policy names is made before the alias is changed.

    MiniStack looks for references in properties only.
    """
    depends: Callable[..., set[str]] = engine._extract_deps

    def extract_deps(resource: Mapping[str, Any], names: set[str]) -> set[str]:
        found = depends(resource, names)
        policy = resource.get("UpdatePolicy") or {}
        return found | {name for name, _ in engine._intrinsic_references(policy) if name in names}

    engine._extract_deps = extract_deps
