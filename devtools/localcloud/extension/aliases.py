"""Aliases of functions: what they may name, and weights that are obeyed.

MiniStack keeps whatever it is told and sends everything to the first version. The rules are those
of "Implement Lambda canary deployments using a weighted alias" in the Lambda guide, and of the
service model; the words for two versions' roles and for ``$LATEST`` are as callers of AWS report
them.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import botocore.session
from ministack.core.responses import error_response_json
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.shapes import wrong

Document = Mapping[str, Any]

#: The alias's ARN that the invocation at work was made by, where its version was chosen by weight.
_invoked_by: ContextVar[str | None] = ContextVar("invoked_by", default=None)


class Refused(Exception):
    """An alias that Lambda would refuse; ``str()`` is its message."""

    def __init__(
        self,
        message: str,
        code: str = "InvalidParameterValueException",
        status: int = HTTPStatus.BAD_REQUEST,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = int(status)


def install() -> None:
    """Check aliases, and choose versions by their weights. Before whatever else wraps Invoke."""
    _check_what_is_told()
    _check_templates()
    _choose_by_weight()


def version_of(function: Document, qualifier: str | None) -> str:
    """The version that a qualifier stands for in one invocation: an alias's is chosen by weight.

    What is no alias is a version's number.
    """
    alias = (function.get("aliases") or {}).get(qualifier)
    if alias is None:
        return qualifier or "$LATEST"
    drawn = random.random()  # noqa: S311  a share of the traffic, not a secret
    for version, weight in _weights(alias).items():
        if drawn < weight:
            return str(version)
        drawn -= weight
    return str(alias["FunctionVersion"])


def _weights(alias: Document) -> Mapping[str, float]:
    found: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get(
        "AdditionalVersionWeights"
    ) or {}
    return found


def check(name: str, alias: Document) -> None:
    """Check an alias as it would be.

    Args:
        name: The function's.
        alias: In the API's terms.

    Raises:
        Refused: Lambda would not have it.
    """
    model = botocore.session.get_session().get_service_model("lambda")
    shape: Any = model.shape_for("CreateAliasRequest")
    known = {key: value for key, value in alias.items() if key in shape.members}
    said = list(wrong(shape, {"FunctionName": name, **known}))
    if said:
        count = f"{len(said)} validation error{'s' if len(said) > 1 else ''} detected: "
        raise Refused(count + "; ".join(said), "ValidationException")
    function = lambda_svc._functions[name]
    main, others = alias["FunctionVersion"], _weights(alias)
    for version in [main, *others]:
        if version != "$LATEST" and version not in function["versions"]:
            raise Refused(
                f"Function not found: {lambda_svc._func_arn(name)}:{version}",
                "ResourceNotFoundException",
                HTTPStatus.NOT_FOUND,
            )
    if others:
        _check_weights(function, main, others)


def _check_weights(function: Document, main: str, others: Mapping[str, float]) -> None:
    if len(others) > 1:
        raise Refused("An alias can point to at most two versions of a function")
    if main == "$LATEST":
        raise Refused("$LATEST is not supported for an alias pointing to more than 1 version")
    (other,) = others
    if other == main:
        raise Refused(f"The alias points to version {main} already; its weight is what is left")
    one, two = (function["versions"][version]["config"] for version in (main, other))
    if one["Role"] != two["Role"]:
        raise Refused("Specified versions must be associated with the same execution role")
    if _dead_letters(one) != _dead_letters(two):
        raise Refused("Specified versions must have the same dead-letter queue configuration")


def _dead_letters(config: Document) -> str:
    return str((config.get("DeadLetterConfig") or {}).get("TargetArn") or "")


def _check_what_is_told() -> None:
    create: Callable[..., Any] = lambda_svc._create_alias
    change: Callable[..., Any] = lambda_svc._update_alias

    def create_alias(name: str, data: Document) -> Any:
        if name not in lambda_svc._functions:
            return create(name, data)
        return _refusal(name, data) or create(name, data)

    def update_alias(name: str, alias_name: str, data: Document) -> Any:
        function = lambda_svc._functions.get(name)
        before = function["aliases"].get(alias_name) if function else None
        if before is None:
            return change(name, alias_name, data)
        given = {key: value for key, value in data.items() if value is not None}
        return _refusal(name, {**before, **given}) or change(name, alias_name, data)

    lambda_svc._create_alias = create_alias
    lambda_svc._update_alias = update_alias


def _refusal(name: str, alias: Document) -> Any:
    try:
        check(name, alias)
    except Refused as refused:
        return error_response_json(refused.code, str(refused), refused.status)
    return None


def _check_templates() -> None:
    """MiniStack's handler writes a new alias past the API; a change of one goes through it."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Alias"]
    make: Callable[..., Any] = handler["create"]

    def create(logical_id: str, properties: Document, stack_name: str) -> Any:
        function, name, *_ = provisioners._lambda_function_for_cfn_ref(properties["FunctionName"])
        if function is None:
            raise ValueError(f"AWS::Lambda::Alias: Function not found: {name}")
        routing = provisioners._lambda_alias_routing_config(properties)
        alias = {key: properties[key] for key in ("Name", "Description") if key in properties}
        alias["FunctionVersion"] = properties.get("FunctionVersion")
        try:
            check(name, {**alias, **({"RoutingConfig": routing} if routing else {})})
        except Refused as refused:
            raise ValueError(f"AWS::Lambda::Alias: {refused}") from None
        return make(logical_id, properties, stack_name)

    handler["create"] = create


def _choose_by_weight() -> None:
    find: Callable[..., Any] = lambda_svc._get_func_record_for_ref
    invoke: Callable[..., Awaitable[Any]] = lambda_svc._invoke
    execute: Callable[..., Any] = lambda_svc._execute_function_with_config_scope
    leave: Callable[..., None] = lambda_svc.invoke_async_with_retry

    def find_by_weight(reference: str) -> Any:
        record, config, name = find(reference)
        _, qualifier = lambda_svc._resolve_name_and_qualifier(reference)
        function = lambda_svc._functions.get(name)
        if record is None or function is None or qualifier not in function["aliases"]:
            return record, config, name
        alias, version = function["aliases"][qualifier], version_of(function, qualifier)
        record = function if version == "$LATEST" else function["versions"][version]
        # Called by the alias, it is to see itself called so.
        return record, {**record["config"], "FunctionArn": alias["AliasArn"]}, name

    async def invoke_by_weight(
        name: str,
        event: object,
        headers: Mapping[str, str],
        path_qualifier: str | None = None,
        query: Document | None = None,
    ) -> Any:
        qualifier = path_qualifier or lambda_svc._qp_first(query or {}, "Qualifier")
        function = lambda_svc._functions.get(name)
        alias = function["aliases"].get(qualifier) if function else None
        if alias is None:
            return await invoke(name, event, headers, path_qualifier, query)
        token = _invoked_by.set(alias["AliasArn"])
        try:
            return await invoke(name, event, headers, version_of(function, qualifier), query)
        finally:
            _invoked_by.reset(token)

    def execute_by_alias(record: Document, event: object) -> Any:
        return execute(_as_invoked(record), event)

    def leave_by_alias(record: Document, event: object) -> None:
        leave(_as_invoked(record), event)

    lambda_svc._get_func_record_for_ref = find_by_weight
    lambda_svc._invoke = invoke_by_weight
    lambda_svc._execute_function_with_config_scope = execute_by_alias
    lambda_svc.invoke_async_with_retry = leave_by_alias


def _as_invoked(record: Document) -> Document:
    """A version's record, for an invocation by the alias that it was chosen for."""
    arn = _invoked_by.get()
    if arn is None:
        return record
    return {**record, "config": {**record["config"], "FunctionArn": arn}}
