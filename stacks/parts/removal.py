"""What becomes of the data of a stack that goes."""

from aws_cdk import RemovalPolicy

from stacks.settings.environment import Settings


def removal_policy(settings: Settings) -> RemovalPolicy:
    """The policy of what holds data: it goes with its stack, or outlives it.

    What outlives a stack is only what the stack lived with: what a failed creation or update has
    just made goes again, or the next try would find the name taken. CloudFormation calls that
    ``RetainExceptOnCreate``.
    """
    if settings.keep_data:
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return RemovalPolicy.DESTROY
