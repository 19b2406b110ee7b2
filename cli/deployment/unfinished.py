"""What an earlier deployment left that CloudFormation does not go on from by itself."""

from collections.abc import Callable, Sequence
from typing import Final

from cli.deployment.stacks import FAILED_CREATION, DeployedStack, Say, Stacks
from cli.errors import CommandError

_HALF_DELETED: Final = "DELETE_FAILED"
_HALF_UNDONE: Final = "UPDATE_ROLLBACK_FAILED"


def refuse_half_deleted(environment: str, stacks: Sequence[DeployedStack]) -> None:
    """Refuse to deploy into what is half gone.

    Raises:
        CommandError: A stack is.
    """
    half = [stack.name for stack in stacks if stack.status == _HALF_DELETED]
    if half:
        raise CommandError(
            f"The deletion of {', '.join(half)} began and failed. "
            f"`tradewind destroy {environment}` finishes it; then deploy again."
        )


def unfinished(stacks: Sequence[DeployedStack]) -> list[str]:
    """What ``finish`` would do, in words, each a line."""
    return [
        f"{stack.name} is deleted first: its creation failed, and it can only be made anew."
        if stack.status in FAILED_CREATION
        else f"The failed update of {stack.name} is undone first: CloudFormation stopped half-way."
        for stack in stacks
        if stack.status in FAILED_CREATION or stack.status == _HALF_UNDONE
    ]


def finish(stacks: Stacks, run_cdk: Callable[[Sequence[str]], None], app: str, say: Say) -> bool:
    """Delete stacks whose creation failed, and undo updates that were undone half.

    A stack with ``keep_data`` is protected before its creation begins, and the CDK cannot delete
    it then. What such a deletion leaves, as it leaves a table that resisted the undoing of its own
    creation, is taken back by the import that follows.

    Args:
        stacks: The environment's.
        run_cdk: Runs the CDK's command line.
        app: Its ``--app``.
        say: Tells the person.

    Returns:
        Whether there was anything to do.

    Raises:
        CommandError: CloudFormation could not.
    """
    done = False
    # Nobody's exports go before their importers.
    for stack in reversed(stacks.deployed()):
        if stack.status in FAILED_CREATION:
            if stack.protected:
                stacks.unprotect(stack)
            reasons = stacks.delete(stack)
            if reasons:
                raise CommandError(f"{stack.name} cannot be deleted: {'; '.join(reasons)}")
            say(f"Deleted {stack.name}, whose creation had failed.")
            done = True
        elif stack.status == _HALF_UNDONE:
            run_cdk(["rollback", stack.stack, app])
            done = True
    return done
