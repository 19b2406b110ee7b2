"""What an earlier deployment left that CloudFormation does not go on from by itself."""

from collections.abc import Callable, Sequence
from typing import Final

from cli.api.aws import aws_failures
from cli.deployment.kinds import KINDS
from cli.deployment.stacks import ANNOUNCED, FAILED_CREATION, Clients, DeployedStack, Say, Stacks
from cli.errors import CommandError

_HALF_DELETED: Final = "DELETE_FAILED"
_HALF_MADE: Final = "ROLLBACK_FAILED"
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


def undo_creation(stacks: Stacks, clients: Clients, stack: DeployedStack) -> None:
    """Remove what a stack made and could not delete when its first creation failed.

    A table is protected when it is made, and a bucket may have been given its first access log.
    There is nothing in either: the names are new, and no function was ever told them.

    Args:
        stacks: The environment's.
        clients: For the services' own.
        stack: Any; only one whose creation could not be undone has such a thing.

    Raises:
        CommandError: Something cannot be removed.
    """
    if stack.status != _HALF_MADE:
        return
    last: dict[tuple[str, str], str] = {}
    made: set[tuple[str, str]] = set()
    for event in stacks.events(stack.id):
        what = (event["ResourceType"], event.get("PhysicalResourceId", ""))
        last.setdefault(what, event["ResourceStatus"])
        if event["ResourceStatus"] == "CREATE_COMPLETE":
            made.add(what)
    for type_, kind in KINDS.items():
        for what in made:
            if what[0] == type_ and last[what] == "DELETE_FAILED":
                with aws_failures(f"The {kind.title} {what[1]} cannot be removed"):
                    identifier = kind.find(clients, what[1])
                    if identifier is not None:
                        kind.remove(clients, identifier)


def finish(
    stacks: Stacks,
    clients: Clients,
    run_cdk: Callable[[Sequence[str]], None],
    app: str,
    say: Say,
) -> bool:
    """Delete stacks whose creation failed, and undo updates that were undone half.

    A stack that was only announced, by a change set that nobody executed, is nothing and goes, too.
    A stack with ``keep_data`` is protected before its creation begins, and the CDK cannot delete
    it then.

    Args:
        stacks: The environment's.
        clients: For the services' own.
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
        if stack.status in {*FAILED_CREATION, ANNOUNCED}:
            if stack.protected:
                stacks.unprotect(stack)
            undo_creation(stacks, clients, stack)
            reasons = stacks.delete(stack)
            if reasons:
                raise CommandError(f"{stack.name} cannot be deleted: {'; '.join(reasons)}")
            if stack.status != ANNOUNCED:
                say(f"Deleted {stack.name}, whose creation had failed.")
            done = True
        elif stack.status == _HALF_UNDONE:
            run_cdk(["rollback", stack.stack, app])
            done = True
    return done
