"""``tradewind deploy|destroy``: an environment in your AWS account."""

import json
import sys
from typing import TYPE_CHECKING

import click

from cli import cloud
from cli.errors import CommandError
from cli.options import as_json

if TYPE_CHECKING:
    from cli.account import DeployedStack, Place

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("environment", metavar="ENV")
@_YES
@as_json
def deploy(environment: str, yes: bool, as_json: bool) -> None:
    """Deploy ENV, such as dev or prod, into your AWS account with the real CDK.

    It builds the bundles and the templates, shows what would change, asks, and deploys just that.
    The account has to be bootstrapped once (`npx cdk bootstrap`). The embedded AWS is deployed to
    by `tradewind up`.

    Ctrl-C while it deploys leaves CloudFormation at work: the same command again goes on.
    """
    from cli import account
    from cli.cdk import read_outputs
    from cli.console import Steps
    from cli.deployment.signing import signed_context
    from cli.lock import lock
    from cli.version_upkeep import prune_all, refuse_moved

    settings = account.settings_of(environment)
    _somebody(yes)
    place = account.place_of(settings)
    refuse_moved(settings)
    with lock(cloud.BUILD):
        assembly = account.assembly_of(environment)
        account.run_cdk(
            [
                *("synth", "--quiet", f"--context=env={environment}", f"--output={assembly}"),
                *signed_context(settings, place.region, Steps()),
            ],
            place.region,
        )
        app = f"--app={assembly}"
        _say(f"\nWhat would change in {_where(place)}:\n")
        account.run_cdk(["diff", app], place.region)
        if settings.keep_data:
            _say("keep_data is true: the stacks will resist deletion, and data outlives them.")
        if not yes:
            click.confirm(f"Deploy {environment} into {_where(place)}?", abort=True, err=True)
        # What was shown and not what the files say by now.
        account.run_cdk(
            [
                "deploy",
                "--all",
                app,
                "--require-approval=never",
                f"--outputs-file={assembly / 'outputs.json'}",
            ],
            place.region,
        )
        outputs = read_outputs(assembly)
        prune_all(settings)
    if as_json:
        click.echo(json.dumps({"environment": environment, "outputs": outputs}, indent=2))
        return
    for name, value in outputs.items():
        click.echo(f"{name}={value}")


@click.command()
@click.argument("environment", metavar="ENV")
@_YES
@as_json
def destroy(environment: str, yes: bool, as_json: bool) -> None:
    """Delete ENV from your AWS account: its stacks and, unless its data is kept, all in them.

    Where keep_data is true in config/ENV.yaml, CloudFormation protects the stacks, and this command
    changes nothing: set it to false, deploy, and then destroy. A bucket that still holds artifacts
    stops the deletion, too; empty it first. The embedded AWS is ended by `tradewind down`.
    """
    from cli import account

    settings = account.settings_of(environment)
    _somebody(yes)
    place = account.place_of(settings)
    stacks = account.deployed_stacks(environment, place.region)
    if not stacks:
        raise CommandError(f"There is nothing of {environment} in {_where(place)}.")
    _refuse_protected(environment, stacks)
    _say(f"This deletes from {_where(place)}:")
    for stack in stacks:
        _say(f"  {stack.name} ({stack.status})")
    if settings.keep_data:
        _say("keep_data is true in its settings, yet it was deployed without: its data goes, too.")
    if not yes:
        typed = click.prompt(f"Type {environment} to delete it", default="", err=True)
        if typed != environment:
            raise CommandError(f"That is not {environment}. Nothing was deleted.")
    from cli.lock import lock

    with lock(cloud.BUILD):
        assembly = account.assembly_of(environment)
        account.run_cdk(
            ["synth", "--quiet", f"--context=env={environment}", f"--output={assembly}"],
            place.region,
        )
        account.run_cdk(["destroy", "--all", f"--app={assembly}", "--force"], place.region)
    left = account.deployed_stacks(environment, place.region)
    if left:
        names = ", ".join(stack.name for stack in left)
        raise CommandError(f"Still there: {names}. CloudFormation's events say why.")
    gone = [stack.name for stack in stacks]
    if as_json:
        click.echo(json.dumps({"environment": environment, "deleted": gone}, indent=2))
    else:
        click.echo(f"Deleted {', '.join(gone)}.")


def _refuse_protected(environment: str, stacks: "list[DeployedStack]") -> None:
    protected = [stack.name for stack in stacks if stack.protected]
    if protected:
        raise CommandError(
            f"{', '.join(protected)} cannot be deleted: CloudFormation protects them, because they "
            f"were deployed with keep_data: true.\nIf their data may go, set keep_data: false in "
            f"config/{environment}.yaml, `tradewind deploy {environment}`, then this again."
        )


def _somebody(yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask here: give --yes.")


def _where(place: "Place") -> str:
    return f"account {place.account}, {place.region} (as {place.caller})"


def _say(line: str) -> None:
    click.echo(line, err=True)
