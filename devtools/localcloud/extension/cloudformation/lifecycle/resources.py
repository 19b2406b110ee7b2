"""Ask a type's rules before a resource is made, changed or removed."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks

from devtools.localcloud.extension.cloudformation.lifecycle import limits
from devtools.localcloud.extension.cloudformation.lifecycle.rules import Name, Properties
from devtools.localcloud.extension.cloudformation.lifecycle.types import RULES

#: The length of the part of a generated name that makes it this resource's own.
_SEED_LENGTH = 8


@dataclass(frozen=True)
class _Update:
    """A resource that is being updated.

    Attributes:
        name: What AWS called it; None where its template did.
        seed: What its name was generated from; a replacement has another.
    """

    name: str | None
    seed: str


#: The update that is under way.
_under_way: ContextVar[_Update | None] = ContextVar("under_way", default=None)


def install() -> None:
    """Let a resource keep its name in an update, however it came by it."""
    for resource_type, rules in RULES.items():
        if rules.replaced_by:
            known = provisioners._REPLACING_PROPERTIES.get(resource_type, ())
            provisioners._REPLACING_PROPERTIES[resource_type] = (*known, *rules.replaced_by)
    update = stacks._update_resource
    generate = provisioners._physical_name

    def update_knowing(resource_type: str, physical_id: str, before: Properties, *rest: Any) -> Any:
        with _updating(_under_way_of(resource_type, physical_id, before)):
            return update(resource_type, physical_id, before, *rest)

    def generate_or_keep(stack_name: str, logical_id: str, **options: Any) -> str:
        # A name that was generated for another stack and came into this one by an import, too.
        update = _under_way.get()
        if update is not None and update.name and update.seed == provisioners._NAME_SEED.get():
            return update.name
        return str(generate(stack_name, logical_id, **options))

    stacks._update_resource = update_knowing
    provisioners._physical_name = generate_or_keep


@contextmanager
def _updating(update: _Update) -> Iterator[None]:
    token = _under_way.set(update)
    try:
        yield
    finally:
        _under_way.reset(token)


def _under_way_of(resource_type: str, physical_id: str, before: Properties) -> _Update:
    rule = RULES[resource_type].name
    named = rule is not None and rule.of(before) is not None
    generated = physical_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1].removesuffix(".fifo")
    return _Update(None if named else generated, provisioners._NAME_SEED.get())


def before_creation(resource_type: str, properties: Properties) -> None:
    """Refuse a name that something has, and give what has none a name nothing ever had.

    AWS generates a name anew whenever it creates a resource, so what a stack before this one left
    behind is in nobody's way. MiniStack's names follow from the stack's and the resource's.

    Raises:
        ValueError: The name is taken, or beyond what the service takes.
    """
    if _under_way.get() is None and not provisioners._NAME_SEED.get():
        provisioners._NAME_SEED.set(uuid.uuid4().hex[:_SEED_LENGTH])
    _check(resource_type, {}, properties)


def before_update(resource_type: str, before: Properties, after: Properties) -> None:
    """Refuse a new name that something has, and a change that AWS does not make.

    Raises:
        ValueError: It is one of these.
    """
    change = RULES[resource_type].change
    if change is not None:
        change(before, after)
    _check(resource_type, before, after)


def removal(resource_type: str, delete: Callable[..., None]) -> Callable[..., None]:
    """A type's deletion that refuses what AWS refuses."""
    asked = RULES[resource_type].removal
    if asked is None:
        return delete

    def ask_and_delete(physical_id: str, properties: Properties, *rest: Any) -> None:
        asked(physical_id, properties)
        delete(physical_id, properties, *rest)

    return ask_and_delete


def _check(resource_type: str, before: Properties, after: Properties) -> None:
    limits.check(resource_type, after)
    rule = RULES[resource_type].name
    if rule is None:
        return
    name = rule.of(after)
    if name is not None and name != rule.of(before) and rule.held(name):
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
                found = resource["PhysicalResourceId"]
                return f"{found} already exists in stack {stack['StackId']}"
    return rule.refusal(name)
