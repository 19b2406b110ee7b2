"""Web ACLs before a stage: rate-based rules are enforced, managed rule groups are only kept.

The count is exact here; AWS looks every so often, and blocks a little later.
"""

import ipaddress
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1, waf
from ministack.services.cloudformation import provisioners

from devtools.localcloud.running import ACCOUNT_ID, REGION

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

_LOWEST_LIMIT = 10
_WINDOWS_S = (60, 120, 300, 600)
_DEFAULT_WINDOW_S = 300

_RATE_FIELDS = {"AggregateKeyType", "EvaluationWindowSec", "ForwardedIPConfig", "Limit"}
_RULE_FIELDS = {"Action", "Name", "OverrideAction", "Priority", "Statement", "VisibilityConfig"}

#: When the last requests came, by web ACL, rule and address.
_seen: defaultdict[tuple[str, str, str], deque[float]] = defaultdict(deque)


def install() -> None:
    """Let a web ACL be put before a stage."""
    provisioners._RESOURCE_HANDLERS["AWS::WAFv2::WebACLAssociation"] = {
        "create": _associate,
        "update": _associate_anew,
        "delete": _disassociate,
    }


def stage_arn(api_id: str, stage: str) -> str:
    """A stage as web ACLs name it."""
    return f"arn:aws:apigateway:{REGION}::/restapis/{api_id}/stages/{stage}"


def blocks(stage: str, headers: Mapping[str, Any], address: str) -> bool | None:
    """Say whether the web ACL before a stage blocks a request, and count the request.

    Returns:
        None when there is no web ACL.
    """
    acl_arn = waf._associations.get_scoped(ACCOUNT_ID, REGION, stage)
    acl = next((each for each in waf._web_acls.all_values() if each["ARN"] == acl_arn), None)
    if acl is None:
        return None
    for rule in sorted(acl["Rules"], key=lambda rule: int(rule["Priority"])):
        rate = rule["Statement"].get("RateBasedStatement")
        if rate and _exceeds(acl["ARN"], rule["Name"], rate, headers, address):
            (action,) = rule["Action"]
            if action == "Block":
                return True
    return "Block" in acl["DefaultAction"]


def _exceeds(acl: str, rule: str, rate: Properties, headers: Mapping[str, Any], own: str) -> bool:
    key: str | None = own
    if rate["AggregateKeyType"] == "FORWARDED_IP":
        config = rate["ForwardedIPConfig"]
        given = headers.get(config["HeaderName"].lower())
        if given is None:
            return False  # without the header the rule does not apply
        key = _address(given.split(",")[0].strip())
        if key is None:
            return bool(config["FallbackBehavior"] == "MATCH")
    now = time.monotonic()
    times = _seen[acl, rule, str(key)]
    times.append(now)
    while times[0] <= now - int(rate.get("EvaluationWindowSec", _DEFAULT_WINDOW_S)):
        times.popleft()
    return len(times) > int(rate["Limit"])


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


# -- CloudFormation -----------------------------------------------------------------------------


def check_web_acl(properties: Properties) -> None:
    """Refuse what would not be enforced here, but for managed rule groups."""
    if properties["Scope"] != "REGIONAL":
        _refuse("Scope", properties["Scope"])
    if list(properties["DefaultAction"].values()) != [{}]:
        _refuse("DefaultAction", "a custom response")
    for rule in properties.get("Rules", []):
        for field in sorted(set(rule) - _RULE_FIELDS):
            _refuse("Rules", field)
        ((kind, statement),) = rule["Statement"].items()
        if kind == "ManagedRuleGroupStatement":
            continue
        if kind != "RateBasedStatement":
            _refuse("Rules", kind)
        if rule.get("Action") not in ({"Block": {}}, {"Count": {}}):
            _refuse("Rules", f"the action {rule.get('Action')}")
        _check_rate(statement)


def _check_rate(rate: Properties) -> None:
    for field in sorted(set(rate) - _RATE_FIELDS):
        _refuse("RateBasedStatement", field)
    if int(rate["Limit"]) < _LOWEST_LIMIT:
        _refuse("RateBasedStatement", f"a Limit below {_LOWEST_LIMIT}")
    if int(rate.get("EvaluationWindowSec", _DEFAULT_WINDOW_S)) not in _WINDOWS_S:
        _refuse("RateBasedStatement", f"EvaluationWindowSec {rate['EvaluationWindowSec']}")
    if rate["AggregateKeyType"] not in ("IP", "FORWARDED_IP"):
        _refuse("RateBasedStatement", f"AggregateKeyType {rate['AggregateKeyType']}")
    if (rate["AggregateKeyType"] == "FORWARDED_IP") != ("ForwardedIPConfig" in rate):
        _refuse("RateBasedStatement", "FORWARDED_IP without ForwardedIPConfig, or the reverse")


def _refuse(place: str, what: Any) -> None:
    raise ValueError(f"AWS::WAFv2::WebACL: {place}: {what} is not supported here")


def _associate(_logical_id: str, properties: Properties, _stack_name: str) -> Created:
    resource, acl = properties["ResourceArn"], properties["WebACLArn"]
    place = resource.removeprefix(f"arn:aws:apigateway:{REGION}::/restapis/").split("/")
    match place:
        case [api_id, "stages", stage] if stage in apigateway_v1.stages_for_api(api_id):
            pass
        case _:
            raise ValueError(
                f"AWS::WAFv2::WebACLAssociation: {resource} is no stage of a REST API here"
            )
    status, _, body = waf._associate_web_acl({"ResourceArn": resource, "WebACLArn": acl})
    if status != HTTPStatus.OK:
        raise ValueError(f"AWS::WAFv2::WebACLAssociation: {body!r}")
    return f"{resource}|{acl}", {}


def _associate_anew(
    physical_id: str, before: Properties, after: Properties, stack_name: str
) -> Created:
    if after["ResourceArn"] != before["ResourceArn"]:
        _disassociate(physical_id, before)
    return _associate(physical_id, after, stack_name)


def _disassociate(_physical_id: str, properties: Properties) -> None:
    # By what it is now: an update may have put another web ACL there.
    if waf._associations.get(properties["ResourceArn"]) == properties["WebACLArn"]:
        waf._disassociate_web_acl({"ResourceArn": properties["ResourceArn"]})
