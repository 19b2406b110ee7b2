"""Taking back into the stacks what outlived them, instead of failing on it or beginning anew."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cli.deployment.kept import Kept, left_behind, unowned
from cli.deployment.kinds import KINDS
from cli.deployment.stacks import FAILED_CREATION, ORDER, Clients, Stacks
from cli.errors import CommandError
from stacks.names import StackId

#: Runs the CDK's command line.
RunCdk = Callable[[Sequence[str]], None]


def to_take_back(stacks: Stacks, clients: Clients, assembly: Path) -> list[Kept]:
    """What a deployment would make though it is there already, and in no stack.

    What has a name in the template is found by it. A table, a bucket and a key are named by
    CloudFormation, and found in what it has on record.

    Args:
        stacks: The environment's.
        clients: For the services' own.
        assembly: The synthesized app.

    Raises:
        CommandError: Something cannot be looked up, or cannot be taken back as it is.
    """
    # A creation that failed is deleted before anything is made.
    present = {one.stack: one for one in stacks.deployed() if one.status not in FAILED_CREATION}
    found: list[Kept] = []
    for stack in ORDER:
        resources = _template(assembly, stack)
        there = stacks.resources(present[stack]) if stack in present else {}
        missing = {
            logical_id: resource
            for logical_id, resource in resources.items()
            if resource["Type"] in KINDS and logical_id not in there
        }
        taken = list(_found(stacks, clients, stack, missing))
        _require_whole(taken, resources, {*there, *(one.logical_id for one in taken)})
        found += taken
    return found


def take_back(kept: Sequence[Kept], assembly: Path, run_cdk: RunCdk) -> None:
    """Import what is kept, and deploy each stack that needs to be there for the next import.

    An import changes nothing but whose a resource is. It may be repeated after any interruption:
    what is in a stack by then is not kept any more.

    Raises:
        CommandError: The CDK failed; it has said why.
    """
    wanted = [stack for stack in ORDER if any(one.stack == stack for one in kept)]
    for stack in ORDER[: ORDER.index(wanted[-1]) + 1] if wanted else ():
        if not _template(assembly, stack):
            continue
        mapping = {
            one.logical_id: {KINDS[one.type].identifier: one.identifier}
            for one in kept
            if one.stack == stack
        }
        if mapping:
            run_cdk(
                [
                    "import",
                    stack,
                    f"--app={assembly}",
                    f"--resource-mapping-inline={json.dumps(mapping)}",
                    # The rest of what is new comes with the deployment.
                    "--force",
                ]
            )
        run_cdk(["deploy", stack, f"--app={assembly}", "--exclusively", "--require-approval=never"])


def _template(assembly: Path, stack: StackId) -> dict[str, Any]:
    file = assembly / f"{stack}.template.json"
    if not file.exists():
        return {}
    resources: dict[str, Any] = json.loads(file.read_text()).get("Resources", {})
    return resources


def _found(
    stacks: Stacks, clients: Clients, stack: StackId, missing: dict[str, Any]
) -> Iterator[Kept]:
    unnamed = {one for one, resource in missing.items() if KINDS[resource["Type"]].name is None}
    left: dict[str, Kept] = {}
    if unnamed:
        for one in left_behind(stacks, clients, [stack]):
            # The last of that name is the one that was in use.
            left.setdefault(one.logical_id, one)
    for logical_id, resource in missing.items():
        kind = KINDS[resource["Type"]]
        if kind.name is None:
            if logical_id in left and left[logical_id].type == resource["Type"]:
                yield left[logical_id]
            continue
        name = resource["Properties"].get(kind.name)
        # A name made of something new is new.
        if isinstance(name, str):
            identifier = unowned(stacks, clients, resource["Type"], name)
            if identifier is not None:
                yield Kept(stack, logical_id, resource["Type"], identifier)


def _require_whole(taken: Sequence[Kept], resources: dict[str, Any], there: set[str]) -> None:
    """Refuse to import what names a resource that is gone: CloudFormation would.

    Raises:
        CommandError: There is such a thing.
    """
    for one in taken:
        gone = sorted(set(_references(resources[one.logical_id])) - there)
        if gone:
            raise CommandError(
                f"The {one} outlived its stack, and {', '.join(gone)}, which it needs, did not: "
                "docs/recovery.md says how to go on."
            )


def _references(value: Any) -> Iterator[str]:
    """The logical ids that a definition names in its own stack."""
    match value:
        case {"Ref": str() as logical_id} if not logical_id.startswith("AWS::"):
            yield logical_id
        case {"Fn::GetAtt": [str() as logical_id, _]}:
            yield logical_id
        case dict():
            for item in value.values():
                yield from _references(item)
        case list():
            for item in value:
                yield from _references(item)
