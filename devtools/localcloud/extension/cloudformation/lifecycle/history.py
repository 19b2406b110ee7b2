"""Deleted stacks, of which CloudFormation goes on telling for 90 days, by their ids.

MiniStack forgets that there was one as soon as another stack has its name.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

Parameters = Mapping[str, Any]

_GONE = "DELETE_COMPLETE"
#: What tells of stacks and changes none.
_READS = (
    "DescribeStackEvents",
    "DescribeStackResources",
    "DescribeStacks",
    "GetTemplate",
    "ListStackResources",
    "ListStacks",
)


def install() -> None:
    """Remember stacks that are deleted, and tell of them as of the others."""
    gone: list[Mapping[str, Any]] = []
    delete: Callable[..., Awaitable[None]] = handlers._delete_stack_async

    async def delete_and_remember(stack_name: str, *rest: Any, **more: Any) -> None:
        stack = cloudformation._stacks[stack_name]
        await delete(stack_name, *rest, **more)
        if stack["StackStatus"] == _GONE:
            gone.append(stack)

    def telling(read: Callable[[Parameters], Any]) -> Callable[[Parameters], Any]:
        def tell(parameters: Parameters) -> Any:
            present = cloudformation._stacks
            known = {stack["StackId"] for stack in present.values()}
            forgotten = {one["StackId"]: one for one in gone if one["StackId"] not in known}
            # It is only read, and nothing else runs meanwhile.
            cloudformation._stacks = {**forgotten, **dict(present.items())}
            try:
                return read(parameters)
            finally:
                cloudformation._stacks = present

        return tell

    handlers._delete_stack_async = delete_and_remember
    for name in _READS:
        handlers._ACTION_HANDLERS[name] = telling(handlers._ACTION_HANDLERS[name])
