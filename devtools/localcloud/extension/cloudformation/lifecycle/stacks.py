"""Which changes a stack takes in which state.

A stack whose creation was rolled back can only be deleted, one whose update could not be rolled
back has to be brought to an end first, and nothing begins while something is under way.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, helpers

from devtools.localcloud.extension.cloudformation.lifecycle import imports

Parameters = Mapping[str, Any]
Operation = Callable[[Parameters], Any]

#: What an update or an import can begin from. AWS also takes one for a stack that failed without
#: being rolled back; here that one is rolled back or deleted first.
_CHANGEABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
#: A stack that has nothing yet: the change set that made it, or another, may be executed.
_EMPTY = "REVIEW_IN_PROGRESS"
_GONE = "DELETE_COMPLETE"
#: A deletion ends a creation: it waits for what is being made here.
_BEING_MADE = frozenset({"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})
_LOOK_S = 0.02


def install() -> None:
    """Put these before MiniStack's operations on stacks."""
    before: Mapping[str, Callable[[Parameters], Any]] = {
        "CreateStack": _before_creation,
        "UpdateStack": _before_update,
        "CreateChangeSet": _before_change_set,
        "ExecuteChangeSet": _before_execution,
        "DeleteStack": _before_deletion,
    }
    for name, ask in before.items():
        handlers._ACTION_HANDLERS[name] = _asking(ask, handlers._ACTION_HANDLERS[name])
    delete: Callable[..., Awaitable[None]] = handlers._delete_stack_async

    async def delete_when_made(stack_name: str, *rest: Any, **more: Any) -> None:
        while cloudformation._stacks[stack_name]["StackStatus"] in _BEING_MADE:
            await asyncio.sleep(_LOOK_S)
        await delete(stack_name, *rest, **more)

    handlers._delete_stack_async = delete_when_made


def _asking(ask: Callable[[Parameters], Any], operation: Operation) -> Operation:
    @functools.wraps(operation)
    def ask_first(parameters: Parameters) -> Any:
        refusal = ask(parameters)
        return operation(parameters) if refusal is None else refusal

    return ask_first


def _stack_of(parameters: Parameters) -> Any:
    """The stack a request names, unless it is gone."""
    stack = handlers._resolve_stack(helpers._p(parameters, "StackName"))
    return None if stack is None or stack["StackStatus"] == _GONE else stack


def _before_creation(parameters: Parameters) -> Any:
    stack = _stack_of(parameters)
    if stack is not None and stack["StackStatus"] != _EMPTY:
        return _already_exists(stack)
    return None


def _before_update(parameters: Parameters) -> Any:
    stack = _stack_of(parameters)
    if stack is not None and stack["StackStatus"] not in _CHANGEABLE:
        return _not_now(stack)
    return None


def _before_change_set(parameters: Parameters) -> Any:
    kind = helpers._p(parameters, "ChangeSetType", "UPDATE")
    if kind == "IMPORT":
        refusal = imports.refusal(parameters)
        if refusal is not None:
            return refusal
    stack = _stack_of(parameters)
    if stack is None:
        return None
    if kind == "CREATE":
        if stack["StackStatus"] == _EMPTY:
            return None
        change_set = helpers._p(parameters, "ChangeSetName")
        return helpers._error(
            "ValidationError",
            f"Stack [{stack['StackName']}] already exists and cannot be created again with the "
            f"changeSet [{change_set}].",
        )
    fit = {*_CHANGEABLE, _EMPTY} if kind == "IMPORT" else _CHANGEABLE
    return None if stack["StackStatus"] in fit else _not_now(stack)


def _before_execution(parameters: Parameters) -> Any:
    name, stack_name = (helpers._p(parameters, key) for key in ("ChangeSetName", "StackName"))
    _, change_set = changesets._find_change_set(name, stack_name)
    stack = change_set and cloudformation._stacks.get(change_set["StackName"])
    if not stack or stack["StackStatus"] in {*_CHANGEABLE, _EMPTY}:
        return None
    return _not_now(stack)


def _before_deletion(parameters: Parameters) -> Any:
    stack = _stack_of(parameters)
    if stack is None:
        return None
    status = stack["StackStatus"]
    if status == "DELETE_IN_PROGRESS":  # asked for again, and under way
        return helpers._xml(200, "DeleteStackResponse", "")
    if status.endswith("_IN_PROGRESS") and status not in {*_BEING_MADE, _EMPTY}:
        return helpers._error(
            "ValidationError",
            f"Stack [{stack['StackName']}] cannot be deleted while in status {status}",
        )
    return None


def _already_exists(stack: Mapping[str, Any]) -> Any:
    return helpers._error("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")


def _not_now(stack: Mapping[str, Any]) -> Any:
    return helpers._error(
        "ValidationError",
        f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated.",
    )
