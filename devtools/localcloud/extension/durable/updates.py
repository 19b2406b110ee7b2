"""A checkpoint's updates: what is refused of them, and what they do to an execution.

All of a checkpoint is checked before any of it is carried out, so that it is whole or not at all.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devtools.localcloud.extension.durable.execution import (
    MAX_OPERATIONS,
    MAX_STORED_BYTES,
    Error,
    Execution,
    Operation,
    Timers,
    new_token,
)
from devtools.localcloud.extension.durable.history import data
from devtools.localcloud.extension.durable.refusal import Refused

Update = Mapping[str, Any]
#: Says why a chained invoke's function cannot be invoked; None when it can.
Preflight = Callable[[str], Error | None]

_ACTIONS: Final = {
    "CALLBACK": ("START",),
    "CHAINED_INVOKE": ("START",),
    "CONTEXT": ("START", "SUCCEED", "FAIL"),
    "EXECUTION": ("SUCCEED", "FAIL"),
    "STEP": ("START", "SUCCEED", "FAIL", "RETRY"),
    "WAIT": ("START", "CANCEL"),
}
_DETAILS: Final = {"CONTEXT": "ContextDetails", "STEP": "StepDetails"}
#: Of each type's payload, in bytes.
_MAX_PAYLOAD: Final = {"CONTEXT": 262_144, "STEP": 262_144, "CHAINED_INVOKE": 1_048_576}
_MAX_ERROR: Final = 32_768
_YEAR_S: Final = 31_622_400
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NAME: Final = re.compile(r"[\x20-\x7E]{1,256}")
_FUNCTION: Final = re.compile(
    r"(arn:aws[a-zA-Z-]*:lambda:)?(?P<region>[a-z]{2}-[a-z]+-\d:)?(?P<account>\d{12}:)?(function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(:(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class Chained:
    """A chained invoke that is to be made."""

    operation_id: str
    function: str
    payload: str


def target_of(function: str) -> tuple[str, str | None]:
    """A function's name and qualifier in any of the forms it may be written in.

    Raises:
        Refused: It is none of them.
    """
    match = _FUNCTION.fullmatch(function) if len(function) <= 256 else None  # noqa: PLR2004
    if match is None:
        raise Refused(f"Invalid function ARN '{function}'")
    return match["name"], match["qualifier"]


def check(execution: Execution, updates: Sequence[Update]) -> None:
    """Refuse a checkpoint that cannot be carried out as a whole.

    Raises:
        Refused: With the first reason found.
    """
    _check_execution_updates(updates)
    seen: dict[str, Update] = {}
    started: dict[str, Update] = {}
    added, stored = 0, 0
    for update in updates:
        _check_shape(update)
        existing = execution.operations.get(update["Id"])
        before = seen.get(update["Id"])
        if before is not None and not (
            update["Type"] in ("STEP", "CONTEXT")
            and before["Action"] == "START"
            and update["Action"] != "START"
        ):
            raise Refused("Cannot checkpoint multiple operations with the same ID.")
        _check_parent(execution, update, started)
        _check_sizes(update)
        _check_same(existing, update)
        _CHECKS[update["Type"]](existing, update)
        _check_ends(update)
        seen[update["Id"]] = update
        if update["Action"] == "START":
            started[update["Id"]] = update
        new = existing is None and before is None and update["Type"] != "EXECUTION"
        added += new or update["Action"] == "RETRY"
        stored += _size(update)
    if execution.operation_count + added > MAX_OPERATIONS:
        raise Refused(f"A durable execution can have at most {MAX_OPERATIONS} operations.")
    if execution.stored_bytes + stored > MAX_STORED_BYTES:
        raise Refused(f"A durable execution can store at most {MAX_STORED_BYTES} bytes.")


def apply(
    execution: Execution, updates: Sequence[Update], now: float, preflight: Preflight
) -> list[Chained]:
    """Carry out updates that were checked; returns the chained invokes to make."""
    chained: list[Chained] = []
    for update in updates:
        execution.stored_bytes += _size(update)
        if update["Type"] == "EXECUTION":
            status = "SUCCEEDED" if update["Action"] == "SUCCEED" else "FAILED"
            execution.close(status, now, update.get("Payload"), update.get("Error"))
            continue
        operation = execution.operations.get(update["Id"])
        if operation is None:
            operation = _new_operation(update, now)
            execution.operations[update["Id"]] = operation
            execution.operation_count += 1
        _APPLIERS[update["Type"]](execution, operation, update, now)
        if update["Type"] == "CHAINED_INVOKE":
            function = update["ChainedInvokeOptions"]["FunctionName"]
            error = preflight(function)
            if error is not None:
                execution.end_chained(update["Id"], "FAILED", now, error=error)
            else:
                chained.append(Chained(update["Id"], function, update.get("Payload") or "{}"))
    return chained


# -- checks ------------------------------------------------------------------------------------


def _check_execution_updates(updates: Sequence[Update]) -> None:
    of_execution = [update for update in updates if update.get("Type") == "EXECUTION"]
    if len(of_execution) > 1:
        raise Refused("Cannot checkpoint multiple EXECUTION updates.")
    if of_execution and updates[-1] is not of_execution[0]:
        raise Refused("EXECUTION checkpoint must be the last update.")


def _check_shape(update: Update) -> None:
    if not _ID.fullmatch(str(update.get("Id", ""))):
        raise Refused("Invalid operation id.")
    if update.get("Type") not in _ACTIONS:
        raise Refused("Unknown operation type.")
    if update.get("Action") not in _ACTIONS[update["Type"]]:
        raise Refused("Invalid action for the given operation type.")
    if "Name" in update and not _NAME.fullmatch(str(update["Name"])):
        raise Refused("Invalid operation name.")


def _check_parent(execution: Execution, update: Update, started: Mapping[str, Update]) -> None:
    parent_id = update.get("ParentId")
    if parent_id is None:
        return
    parent = started.get(parent_id) or execution.operations.get(parent_id)
    if parent is None or parent["Type"] != "CONTEXT":
        raise Refused("Invalid parent operation id.")


def _check_sizes(update: Update) -> None:
    if len(json.dumps(update.get("Error") or {})) > _MAX_ERROR:
        raise Refused(f"Error object size must be less than {_MAX_ERROR} bytes.")
    limit = _MAX_PAYLOAD.get(update["Type"])
    if limit is not None and len((update.get("Payload") or "").encode()) > limit:
        direction = "input" if update["Type"] == "CHAINED_INVOKE" else "output"
        raise Refused(
            f"{update['Type']} {direction} payload size must be less than or equal to {limit} "
            "bytes."
        )


def _check_same(existing: Operation | None, update: Update) -> None:
    if existing is None or update["Type"] == "EXECUTION":
        return
    for member in ("Type", "SubType", "Name", "ParentId"):
        if existing.get(member) != update.get(member):
            raise Refused(f"Inconsistent operation {member}.")


def _check_ends(update: Update) -> None:
    if update["Action"] == "FAIL" and update.get("Payload") is not None:
        raise Refused("Cannot provide a Payload for FAIL action.")
    if update["Action"] == "SUCCEED" and update.get("Error") is not None:
        raise Refused("Cannot provide an Error for SUCCEED action.")


def _check_step(existing: Operation | None, update: Update) -> None:
    status = existing["Status"] if existing else None
    action = update["Action"]
    if action == "START" and status not in (None, "READY"):
        raise Refused("Invalid current STEP state to start.")
    if action in ("SUCCEED", "FAIL") and status not in (None, "STARTED", "READY"):
        raise Refused("Invalid current STEP state to close.")
    if action == "RETRY":
        if status not in (None, "STARTED", "READY"):
            raise Refused("Invalid current STEP state to re-attempt.")
        if not _is_seconds((update.get("StepOptions") or {}).get("NextAttemptDelaySeconds")):
            raise Refused("Invalid StepOptions for the given action.")
        if update.get("Error") is not None and update.get("Payload") is not None:
            raise Refused("Cannot provide both error and payload to RETRY a STEP.")


def _check_context(existing: Operation | None, update: Update) -> None:
    if update["Action"] == "START" and existing is not None:
        raise Refused("Cannot start a CONTEXT that already exist.")
    if update["Action"] != "START" and existing is not None and existing["Status"] != "STARTED":
        raise Refused("Invalid current CONTEXT state to close.")


def _check_wait(existing: Operation | None, update: Update) -> None:
    if update["Action"] == "START":
        if existing is not None:
            raise Refused("Cannot start a WAIT that already exist.")
        if not _is_seconds((update.get("WaitOptions") or {}).get("WaitSeconds")):
            raise Refused("Invalid WaitOptions for the given action.")
    elif existing is None or existing["Status"] != "STARTED":
        raise Refused("Cannot cancel a WAIT that does not exist or has already completed.")


def _check_callback(existing: Operation | None, update: Update) -> None:
    if existing is not None:
        raise Refused("Cannot start a CALLBACK that already exist.")


def _check_chained(existing: Operation | None, update: Update) -> None:
    if existing is not None:
        raise Refused("Cannot start a CHAINED_INVOKE operation that already exists.")
    options = update.get("ChainedInvokeOptions")
    if not options:
        raise Refused("Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.")
    if options.get("TenantId"):
        raise Refused("Tenants are not supported here.")
    target_of(str(options.get("FunctionName", "")))


def _check_execution(existing: Operation | None, update: Update) -> None:
    """Nothing but what is checked of every update."""


def _is_seconds(value: object) -> bool:
    return isinstance(value, int) and 1 <= value <= _YEAR_S


_CHECKS: Mapping[str, Callable[[Operation | None, Update], None]] = {
    "CALLBACK": _check_callback,
    "CHAINED_INVOKE": _check_chained,
    "CONTEXT": _check_context,
    "EXECUTION": _check_execution,
    "STEP": _check_step,
    "WAIT": _check_wait,
}


# -- what they do ------------------------------------------------------------------------------


def _size(update: Update) -> int:
    error = update.get("Error")
    return len((update.get("Payload") or "").encode()) + (len(json.dumps(error)) if error else 0)


def _new_operation(update: Update, now: float) -> Operation:
    members = {name: update[name] for name in ("Id", "ParentId", "Name", "Type") if name in update}
    if "SubType" in update:
        members["SubType"] = update["SubType"]
    return {**members, "StartTimestamp": now, "Status": "STARTED"}


def _apply_step(execution: Execution, operation: Operation, update: Update, now: float) -> None:
    details = operation.setdefault("StepDetails", {"Attempt": 0})
    if update["Action"] == "START":
        operation["Status"] = "STARTED"
        execution.change(operation)
        execution.history.add("StepStarted", now, {}, operation)
        return
    details["Attempt"] += 1
    _keep_outcome(details, update)
    outcome: dict[str, Any] = {
        "Result": data(update.get("Payload")),
        "Error": data(update.get("Error")),
        "RetryDetails": {"CurrentAttempt": details["Attempt"]},
    }
    if update["Action"] == "RETRY":
        delay_s = update["StepOptions"]["NextAttemptDelaySeconds"]
        execution.operation_count += 1
        operation["Status"] = "PENDING"
        details["NextAttemptTimestamp"] = now + delay_s
        execution.change(operation)
        outcome["RetryDetails"]["NextAttemptDelaySeconds"] = delay_s
        # A step that polls keeps its state between attempts, and has not failed.
        failed = update.get("Payload") is None
    else:
        failed = update["Action"] == "FAIL"
        execution.end(operation, "FAILED" if failed else "SUCCEEDED", now)
    execution.history.add("StepFailed" if failed else "StepSucceeded", now, outcome, operation)


def _apply_context(execution: Execution, operation: Operation, update: Update, now: float) -> None:
    details = operation.setdefault("ContextDetails", {})
    if update["Action"] == "START":
        execution.change(operation)
        execution.history.add("ContextStarted", now, {}, operation)
        return
    _keep_outcome(details, update)
    details["ReplayChildren"] = bool((update.get("ContextOptions") or {}).get("ReplayChildren"))
    failed = update["Action"] == "FAIL"
    execution.end(operation, "FAILED" if failed else "SUCCEEDED", now)
    outcome = {"Result": data(update.get("Payload")), "Error": data(update.get("Error"))}
    kind = "ContextFailed" if failed else "ContextSucceeded"
    execution.history.add(kind, now, outcome, operation)


def _apply_wait(execution: Execution, operation: Operation, update: Update, now: float) -> None:
    if update["Action"] == "CANCEL":
        execution.end(operation, "CANCELLED", now)
        execution.history.add("WaitCancelled", now, {"Error": data(update.get("Error"))}, operation)
        return
    duration = update["WaitOptions"]["WaitSeconds"]
    operation["WaitDetails"] = {"ScheduledEndTimestamp": now + duration}
    execution.change(operation)
    details = {"Duration": duration, "ScheduledEndTimestamp": now + duration}
    execution.history.add("WaitStarted", now, details, operation)


def _apply_callback(execution: Execution, operation: Operation, update: Update, now: float) -> None:
    options = update.get("CallbackOptions") or {}
    # Nothing and zero both mean: never.
    timeout_s = options.get("TimeoutSeconds") or 0
    heartbeat_s = options.get("HeartbeatTimeoutSeconds") or 0
    execution.timers[operation["Id"]] = Timers(
        ends_at=now + timeout_s if timeout_s else None,
        heartbeat_s=heartbeat_s,
        heartbeat_at=now + heartbeat_s if heartbeat_s else None,
    )
    callback_id = new_token()
    operation["CallbackDetails"] = {"CallbackId": callback_id}
    execution.change(operation)
    execution.history.add(
        "CallbackStarted",
        now,
        {"CallbackId": callback_id, "Timeout": timeout_s, "HeartbeatTimeout": heartbeat_s},
        operation,
    )


def _apply_chained(execution: Execution, operation: Operation, update: Update, now: float) -> None:
    operation["ChainedInvokeDetails"] = {}
    execution.change(operation)
    details = {
        "FunctionName": update["ChainedInvokeOptions"]["FunctionName"],
        "Input": data(update.get("Payload")),
    }
    execution.history.add("ChainedInvokeStarted", now, details, operation)


def _keep_outcome(details: dict[str, Any], update: Update) -> None:
    """Keep the result or the error of the last attempt, and of no other."""
    for member, value in (("Result", update.get("Payload")), ("Error", update.get("Error"))):
        details.pop(member, None)
        if value is not None:
            details[member] = value


_APPLIERS: Mapping[str, Callable[[Execution, Operation, Update, float], None]] = {
    "CALLBACK": _apply_callback,
    "CHAINED_INVOKE": _apply_chained,
    "CONTEXT": _apply_context,
    "STEP": _apply_step,
    "WAIT": _apply_wait,
}
