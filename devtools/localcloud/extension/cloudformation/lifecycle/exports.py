"""Exports that are in use stay as they are, and a name is exported once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

Exports = Mapping[str, Mapping[str, str]]


def install() -> None:
    """Put this where MiniStack resolves a stack's outputs, which is its last step that can fail."""
    resolve: Callable[..., tuple[Any, Exports]] = stacks._resolve_stack_outputs

    def resolve_and_keep(*arguments: Any) -> tuple[Any, Exports]:
        outputs, exports = resolve(*arguments)
        stack_name, stack_id = arguments[-2:]
        _check(stack_name, stack_id, exports)
        for name in set(_exported(stack_name)) - set(exports):
            cloudformation._exports.pop(name, None)
        return outputs, exports

    stacks._resolve_stack_outputs = resolve_and_keep


def _exported(stack_name: str) -> dict[str, str]:
    """What a stack exports until now, by name."""
    return {
        output["ExportName"]: output["OutputValue"]
        for output in cloudformation._stacks[stack_name]["Outputs"]
        if output.get("ExportName")
    }


def _check(stack_name: str, stack_id: str, exports: Exports) -> None:
    for name in exports:
        other = cloudformation._exports.get(name)
        if other is not None and other["StackId"] != stack_id:
            raise ValueError(
                f"Export with name {name} is already exported by stack "
                f"{other['StackId'].split('/')[1]}"
            )
    for name, value in _exported(stack_name).items():
        kept = exports.get(name)
        if kept is not None and kept["Value"] == value:
            continue
        users = sorted(_users(name, stack_name))
        if users:
            done = "deleted" if kept is None else "updated"
            raise ValueError(
                f"Export {name} cannot be {done} as it is in use by {' and '.join(users)}"
            )


def _users(export: str, exporter: str) -> Iterator[str]:
    for name, stack in cloudformation._stacks.items():
        if name == exporter or stack["StackStatus"] in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
            continue
        if export in handlers._imported_export_names(stack, name):
            yield name
