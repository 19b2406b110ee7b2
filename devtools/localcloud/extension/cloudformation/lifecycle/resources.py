"""Ask a type's rules before a resource is made, renamed or removed."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks

from devtools.localcloud.extension.cloudformation.lifecycle.rules import Name, Properties
from devtools.localcloud.extension.cloudformation.lifecycle.types import RULES

#: The length of the part of a generated name that makes it this resource's own.
_SEED_LENGTH = 8

#: The properties of the resource that is being updated. MiniStack updates some types by creating
#: them again, which is not a second resource of the name.
_updated: ContextVar[Properties | None] = ContextVar("updated", default=None)


def install() -> None:
    """Let creations in the course of an update be known as such."""
    update = stacks._update_resource

    def update_knowing(resource_type: str, physical_id: str, before: Properties, *rest: Any) -> Any:
        with _updating(before):
            return update(resource_type, physical_id, before, *rest)

    stacks._update_resource = update_knowing


@contextmanager
def _updating(before: Properties) -> Iterator[None]:
    token = _updated.set(before)
    try:
        yield
    finally:
        _updated.reset(token)


def before_creation(resource_type: str, properties: Properties) -> None:
    """Refuse a name that something has, and give what has none a name nothing ever had.

    AWS generates a name anew whenever it creates a resource, so what a stack before this one left
    behind is in nobody's way. MiniStack's names follow from the stack's and the resource's.

    Raises:
        ValueError: The name is taken.
    """
    if _updated.get() is None and not provisioners._NAME_SEED.get():
        provisioners._NAME_SEED.set(uuid.uuid4().hex[:_SEED_LENGTH])
    _require_free(resource_type, _updated.get() or {}, properties)


def before_update(resource_type: str, before: Properties, after: Properties) -> None:
    """Refuse a new name that something has.

    Raises:
        ValueError: The name is taken.
    """
    _require_free(resource_type, before, after)


def removal(resource_type: str, delete: Callable[..., None]) -> Callable[..., None]:
    """A type's deletion that refuses what AWS refuses."""
    asked = RULES[resource_type].removal
    if asked is None:
        return delete

    def ask_and_delete(physical_id: str, properties: Properties, *rest: Any) -> None:
        asked(physical_id, properties)
        delete(physical_id, properties, *rest)

    return ask_and_delete


def _require_free(resource_type: str, before: Properties, after: Properties) -> None:
    rule = RULES[resource_type].name
    if rule is None:
        return
    name = rule.of(after)
    if name is None or name == rule.of(before) or not rule.held(name):
        return
    raise ValueError(_refusal(resource_type, rule, name))


def _refusal(resource_type: str, rule: Name, name: str) -> str:
    """Whose it is, where a stack has it: CloudFormation looks among its own first."""
    for stack in cloudformation._stacks.values():
        if stack["StackStatus"] == "DELETE_COMPLETE":
            continue
        for resource in stack["_resources"].values():
            if (
                resource["ResourceType"] == resource_type
                and rule.of(resource["Properties"]) == name
            ):
                return (
                    f"{resource['PhysicalResourceId']} already exists in stack {stack['StackId']}"
                )
    return rule.refusal.format(name=name)
