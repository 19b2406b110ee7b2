"""Put all of the life cycle's rules around MiniStack's CloudFormation."""

from devtools.localcloud.extension.cloudformation.lifecycle import (
    exports,
    history,
    imports,
    queues,
    resources,
    stacks,
)


def install() -> None:
    """Do so; each type's own handlers are wrapped where they are completed."""
    resources.install()
    stacks.install()
    history.install()
    exports.install()
    imports.install()
    queues.install()
