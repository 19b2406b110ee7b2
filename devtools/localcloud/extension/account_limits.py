"""What an account has and has not room for: Lambda's and IAM's limits, told and kept.

MiniStack tells some figures and keeps none: a function of 10 GB and a reservation of everything are
what a new account on AWS refuses, in the middle of a deployment.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import iam, lambda_svc
from ministack.services.cloudformation import provisioners

from devtools.localcloud.account import Account

Response = tuple[int, dict[str, Any], bytes]

_FUNCTION: Final = re.compile(r"/2015-03-31/functions(?:/[^/]+/configuration)?/?")
_CONCURRENCY: Final = re.compile(r"/[0-9-]+/functions/(?P<name>[^/]+)/concurrency/?")

#: The home folder whose account this is.
_home = Path()


def install(home: Path) -> None:
    """Make MiniStack's Lambda and IAM keep to the limits that ``home`` says."""
    global _home  # noqa: PLW0603  one server has one account
    _home = home
    handle: Callable[..., Awaitable[Any]] = lambda_svc.handle_request
    summarize: Callable[[Any], Any] = iam._get_account_summary
    make_role: Callable[[Any], Any] = iam._create_role
    of_stack = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    make_role_of_stack: Callable[..., Any] = of_stack["create"]

    async def handle_within_limits(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        refused = None
        if method in ("POST", "PUT") and _FUNCTION.fullmatch(path):
            refused = _error("ValidationException", too_large(_body(body).get("MemorySize")))
        elif method == "PUT" and (found := _CONCURRENCY.fullmatch(path)):
            wanted = _body(body).get("ReservedConcurrentExecutions", 0)
            refused = _error(
                "InvalidParameterValueException", _reserves_too_much(found["name"], wanted)
            )
        answer = refused or await handle(method, path, headers, body, query)
        if method == "GET" and path.rstrip("/").endswith("/account-settings"):
            return _with_limits(answer)
        return answer

    def summarize_within_limits(parameters: Any) -> Any:
        status, headers, body = summarize(parameters)
        quota = rb"<key>RolesQuota</key><value>%d</value>" % _account().roles
        return status, headers, re.sub(rb"<key>RolesQuota</key><value>\d+</value>", quota, body)

    def make_role_within_limits(parameters: Any) -> Any:
        refused = _too_many_roles()
        if refused:
            return iam._error(HTTPStatus.CONFLICT, "LimitExceeded", refused, ns="iam")
        return make_role(parameters)

    def make_role_of_stack_within_limits(*arguments: Any) -> Any:
        refused = _too_many_roles()
        if refused:
            raise ValueError(f"AWS::IAM::Role: {refused}")
        return make_role_of_stack(*arguments)

    name_action: Callable[[str, str], str | None] = iam_actions._lambda_action

    def name_action_of_limits(method: str, path: str) -> str | None:
        """MiniStack asks nobody for the one, and takes reading the other for setting it."""
        if path.rstrip("/").endswith("/account-settings"):
            return "GetAccountSettings"
        if _CONCURRENCY.fullmatch(path):
            return f"{method.title()}FunctionConcurrency"
        return name_action(method, path)

    iam_actions._lambda_action = name_action_of_limits
    lambda_svc.handle_request = handle_within_limits
    iam._IAM_HANDLERS["GetAccountSummary"] = summarize_within_limits
    iam._IAM_HANDLERS["CreateRole"] = make_role_within_limits
    of_stack["create"] = make_role_of_stack_within_limits


def too_large(memory_mb: object) -> str | None:
    """Say why a function's memory is too much, in Lambda's words; None when it is not."""
    most = _account().function_memory_mb
    if not isinstance(memory_mb, int) or memory_mb <= most:
        return None
    return (
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or "
        f"equal to {most}"
    )


def _too_many_roles() -> str | None:
    """Say why there is no room for another role, in IAM's words; None when there is."""
    most = _account().roles
    return f"Cannot exceed quota for RolesPerAccount: {most}" if len(iam._roles) >= most else None


def _reserves_too_much(function: str, wanted: int) -> str | None:
    account = _account()
    others = sum(
        int(one.get("concurrency") or 0)
        for name, one in lambda_svc._functions.items()
        if name != function
    )
    if account.concurrent_executions - others - wanted >= account.unreserved:
        return None
    if wanted == 0:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{account.unreserved}]."
    )


def _with_limits(answer: Response) -> Response:
    status, headers, body = answer
    told = json.loads(body)
    account = _account()
    reserved = sum(int(one.get("concurrency") or 0) for one in lambda_svc._functions.values())
    told["AccountLimit"] |= {
        "ConcurrentExecutions": account.concurrent_executions,
        "UnreservedConcurrentExecutions": account.concurrent_executions - reserved,
        "TotalCodeSize": account.code_bytes,
    }
    told["AccountUsage"]["TotalCodeSize"] = sum(map(_code_bytes, lambda_svc._functions.values()))
    return status, headers, json.dumps(told).encode()


def _code_bytes(function: Mapping[str, Any]) -> int:
    """A function's packages: the one that is worked on, and each version's."""
    each = (function, *function.get("versions", {}).values())
    return sum(len(one.get("code_zip") or b"") for one in each)


def _account() -> Account:
    return Account.of(_home)


def _body(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        # Lambda's own refusal follows.
        return {}
    return read if isinstance(read, dict) else {}


def _error(code: str, message: str | None) -> Response | None:
    if message is None:
        return None
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    content = {"Type": "User", "Message": message, "message": message}
    return int(HTTPStatus.BAD_REQUEST), headers, json.dumps(content).encode()
