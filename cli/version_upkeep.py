"""What a deployment does about versions: looks where `live` is before it, keeps fewer after."""

from cli.errors import CommandError
from cli.version_changes import VersionChanges
from cli.versions import Versions
from stacks.settings.environment import Settings


def refuse_moved(settings: Settings) -> None:
    """Refuse a gradual deployment that CodeDeploy would, when requests are already waiting for it.

    Raises:
        CommandError: An agent's `live` was moved by hand, and the settings do not hold it there.
    """
    deployment = settings.deployment
    if not deployment.gradual:
        return
    for one in Versions(settings.environment, settings.region).moved():
        if deployment.hold.get(one.function) != one.live:
            raise CommandError(
                f"`live` of {one.function} is at version {one.live}, and its stack put it at "
                f"{one.put}: CodeDeploy would not move it from there. Tell the stack: set "
                f"deployment.hold: {{{one.function}: {one.live}}} in "
                f"config/{settings.environment}.yaml and deploy; then take it out and deploy again."
            )


def prune_all(settings: Settings) -> None:
    """Delete the versions that are more than the settings keep.

    Raises:
        CommandError: Lambda does not delete one; what was deployed is deployed.
    """
    changes = VersionChanges(settings.environment, settings.region)
    for function in Versions(settings.environment, settings.region).all():
        changes.prune(function, settings.deployment.keep_versions)
