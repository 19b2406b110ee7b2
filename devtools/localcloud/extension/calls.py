r"""A file of the calls that are asked for in the names of the stacks' roles and users.

One JSON object a line. A call is action, resource and condition keys as IAM names them, with what
the caller's own policies said; it stands there once, however often it was made::

    {"stack": "App", "principal": "RoleABC", "action": "s3:GetObject", "resource": "arn:...",
     "context": {"aws:requestedregion": "us-east-1"}, "allowed": true}

The principal is a resource of its stack, by its logical id. What the policies of a template refer
to has its value in lines of their own, so that a template can be laid beside the calls::

    {"stack": "App", "values": {"{\"Ref\": \"Bucket\"}": "app-bucket-1a2b"}}
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from ministack.core import iam_evaluator
from ministack.services.cloudformation import _stacks, engine

_PRINCIPALS: Final = ("AWS::IAM::Role", "AWS::IAM::User")
_POLICIES: Final = (*_PRINCIPALS, "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
#: Whether what is evaluated is no call of a principal's.
_unrecorded: ContextVar[bool] = ContextVar("unrecorded", default=False)
#: The intrinsic functions that name something; the others are made of these.
_REFERENCES: Final = ("Ref", "Fn::GetAtt", "Fn::ImportValue")


@contextmanager
def unrecorded() -> Iterator[None]:
    """Ask what somebody may, of whom nobody has asked for it."""
    within = _unrecorded.set(True)
    try:
        yield
    finally:
        _unrecorded.reset(within)


class CallRecord:
    """Writes the file.

    Args:
        file: Begun anew.
    """

    def __init__(self, file: Path) -> None:
        self._stream = file.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._written: set[str] = set()
        #: The state of each stack whose values are written.
        self._known: dict[str, object] = {}

    def install(self) -> None:
        """Take down what is evaluated from now on."""
        evaluate = iam_evaluator.evaluate
        evaluate_resource_policy = iam_evaluator.evaluate_resource_policy

        def evaluate_and_record(request: Any, policies: Any, *limits: Any) -> Any:
            result = evaluate(request, policies, *limits)
            if not _unrecorded.get():
                self._record(request, allowed=result.decision == "Allow")
            return result

        def evaluate_the_resources_own(*policy: Any, **options: Any) -> Any:
            with unrecorded():
                return evaluate_resource_policy(*policy, **options)

        iam_evaluator.evaluate = evaluate_and_record
        iam_evaluator.evaluate_resource_policy = evaluate_the_resources_own

    def _record(self, request: Any, *, allowed: bool) -> None:
        found = _resource_of(request.principal_arn)
        if found is None:
            return
        stack, logical_id = found
        context = {
            "aws:requestedregion": request.region,
            "aws:securetransport": str(request.secure_transport).lower(),
            **{key: value for key, value in request.service_context.items() if value is not None},
        }
        call = {
            "stack": stack["StackName"],
            "principal": logical_id,
            "action": request.action,
            "resource": request.resource_arn,
            "context": context,
            "allowed": allowed,
        }
        # While a stack is made or changed, its resources come one after the other.
        made = len(stack.get("_resources") or {})
        state = (stack["StackId"], stack["StackStatus"], stack.get("LastUpdatedTime"), made)
        if self._known.get(stack["StackName"]) != state:
            self._known[stack["StackName"]] = state
            self._write({"stack": stack["StackName"], "values": _values(stack)})
        self._write(call)

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, sort_keys=True)
        with self._lock:
            if text not in self._written:
                self._written.add(text)
                self._stream.write(f"{text}\n")
                self._stream.flush()


def _resource_of(principal_arn: str) -> tuple[Mapping[str, Any], str] | None:
    """The stack and the logical id of a role, by its session's ARN, or of a user."""
    kind, _, rest = principal_arn.rpartition(":")[2].partition("/")
    if kind not in ("assumed-role", "user"):
        return None
    name = rest.split("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2]
    for stack in _stacks.values():
        for logical_id, resource in list((stack.get("_resources") or {}).items()):
            if (
                resource.get("PhysicalResourceId") == name
                and resource.get("ResourceType") in _PRINCIPALS
            ):
                return stack, logical_id
    return None


def _values(stack: Mapping[str, Any]) -> dict[str, str]:
    """What the stack's policies refer to, as far as it is there, by the reference as JSON."""
    resources = stack.get("_resources") or {}
    found = {}
    for resource in (stack.get("_template") or {}).get("Resources", {}).values():
        if resource.get("Type") not in _POLICIES:
            continue
        for reference in _references(resource.get("Properties")):
            try:
                value = engine._resolve_refs(
                    reference, resources, {}, {}, {}, stack["StackName"], stack["StackId"]
                )
            except ValueError:
                continue  # an attribute that the resource does not have
            # What is not there yet is told as nothing, or by its own logical id.
            if isinstance(value, str) and value not in ("", reference.get("Ref")):
                found[json.dumps(reference, sort_keys=True)] = value
    return found


def _references(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _REFERENCES:
            yield value
            return
        for one in value.values():
            yield from _references(one)
