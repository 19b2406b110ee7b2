"""Put the check and the completions around MiniStack's handler table."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from devtools.localcloud.code_store import CodeStore
from devtools.localcloud.extension import inference_profiles, monitoring
from devtools.localcloud.extension.cloudformation import pace, secrets
from devtools.localcloud.extension.cloudformation.completions import COMPLETIONS, Clients
from devtools.localcloud.extension.cloudformation.lifecycle import install as lifecycle
from devtools.localcloud.extension.cloudformation.lifecycle.resources import (
    before_creation,
    before_update,
    removal,
)
from devtools.localcloud.extension.cloudformation.lifecycle.types import RULES
from devtools.localcloud.extension.cloudformation.preconditions import PRECONDITIONS
from devtools.localcloud.extension.cloudformation.properties import (
    ADDED,
    AGENTCORE,
    BEDROCK,
    CODEDEPLOY,
    GATEWAY,
    NATIVE,
    refused,
)
from devtools.localcloud.extension.functions import prepare, wait_until_published
from devtools.localcloud.extension.gateway import resources, web_acl

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

_HONOURED = {**NATIVE, **ADDED, **AGENTCORE, **BEDROCK, **CODEDEPLOY, **GATEWAY}


def install(clients: Clients, code: CodeStore, shifting: Callable[[], bool]) -> None:
    """Make MiniStack's CloudFormation strict and complete.

    Args:
        clients: For the services' own APIs.
        code: Where functions' packages are unpacked while the deployment goes on.
        shifting: Says whether an alias is being shifted, which takes its time.
    """
    inference_profiles.install(clients)
    monitoring.install(clients)
    resources.install()
    secrets.install()
    web_acl.install()
    handlers = provisioners._RESOURCE_HANDLERS
    # Without rules for its life, a type would be kinder here than in AWS.
    served = [known for known in _HONOURED if known in RULES]
    for resource_type in [known for known in handlers if known not in served]:
        # MiniStack refuses a template with a type it has no handler for, before it makes anything.
        del handlers[resource_type]
    finish: dict[str, Callable[[str], None]] = {
        "AWS::Lambda::Function": lambda name: prepare(name, code),
        "AWS::Lambda::Version": lambda arn: wait_until_published(arn, code),
    }
    for resource_type in served:
        _wrap(resource_type, handlers[resource_type], clients, finish.get(resource_type))

    lifecycle.install()
    pace.install(shifting)
    make = stacks._provision_resource

    def make_but_custom_resources(resource_type: str, *arguments: Any) -> Created:
        if resource_type.startswith("Custom::"):
            raise ValueError(f"{resource_type}: custom resources are not supported here")
        created: Created = make(resource_type, *arguments)
        return created

    stacks._provision_resource = make_but_custom_resources

    def on_a_worker_thread(resource_type: str) -> bool:
        # A completion calls this server and waits for it, so it must not hold up the event loop.
        return True

    stacks._runs_on_worker_thread = on_a_worker_thread


def _wrap(
    resource_type: str,
    handler: dict[str, Any],
    clients: Clients,
    finish: Callable[[str], None] | None,
) -> None:
    """Put a check before a type's handlers, and completion after them."""
    completions = COMPLETIONS.get(resource_type, {})
    allowed = {**_HONOURED[resource_type], **dict.fromkeys(completions)}
    precondition = PRECONDITIONS.get(resource_type)

    def check(properties: Properties) -> None:
        names = sorted(refused(properties, allowed))
        if names:
            raise ValueError(f"{resource_type}: {', '.join(names)} is not supported here")
        if precondition:
            precondition(properties)

    def complete(physical_id: str, before: Properties, after: Properties) -> None:
        for name, completion in completions.items():
            if name in after:
                completion.set(clients, physical_id, after[name])
            elif name in before:
                completion.clear(clients, physical_id, before[name])
        if finish:
            finish(physical_id)

    make: Callable[..., Created] = handler["create"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        check(properties)
        before_creation(resource_type, properties)
        physical_id, attributes = make(logical_id, properties, stack_name)
        try:
            complete(physical_id, {}, properties)
        except Exception:
            # MiniStack takes a failed creation for nothing created, and would leave this behind.
            named = (logical_id,) if "delete_with_logical_id" in handler else ()
            delete(physical_id, properties, *named)
            raise
        return physical_id, attributes

    delete: Callable[..., None] = handler["delete"]
    handler["create"] = create
    handler["delete"] = removal(resource_type, delete)
    change: Callable[..., Created] | None = handler.get("update")
    if change is None:
        return

    def update(physical_id: str, before: Properties, after: Properties, *arguments: Any) -> Created:
        check(after)
        before_update(resource_type, before, after)
        new_physical_id, attributes = change(physical_id, before, after, *arguments)
        complete(new_physical_id, before if new_physical_id == physical_id else {}, after)
        return new_physical_id, attributes

    handler["update"] = update
