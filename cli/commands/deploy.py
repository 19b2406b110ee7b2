"""``tradewind deploy|destroy``: an environment in your AWS account."""

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from cli import cloud
from cli.errors import CommandError
from cli.options import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cli.account import Place

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("environment", metavar="ENV")
@_YES
@as_json
def deploy(environment: str, yes: bool, as_json: bool) -> None:
    """Deploy ENV, such as dev or prod, into your AWS account with the real CDK.

    It builds the bundles and the templates, shows what would change, asks, and deploys just that.
    What outlived an earlier deployment, such as the tables and the log groups of an environment
    with keep_data, is taken back into the stacks as it is. A stack whose creation failed is made
    anew. The account has to be bootstrapped once (`npx cdk bootstrap`). The embedded AWS is
    deployed to by `tradewind up`.

    Ctrl-C while it deploys leaves CloudFormation at work: the same command again waits for it, and
    goes on.
    """
    from cli import account
    from cli.cdk import emptied, read_outputs
    from cli.console import Steps
    from cli.deployment import imports, preflight, unfinished
    from cli.deployment.network_change import refuse_change
    from cli.deployment.signing import signed_context
    from cli.deployment.stacks import Stacks
    from cli.lock import lock
    from cli.version_upkeep import prune_all, refuse_moved

    settings = account.settings_of(environment)
    _somebody(yes)
    place = account.place_of(settings)
    refuse_moved(settings)
    clients = account.clients_in(place.region)
    run_cdk = partial(account.run_cdk, region=place.region)
    refuse_change(settings, clients)
    with lock(cloud.BUILD):
        stacks = Stacks(environment, clients)
        there = stacks.settled(_say)
        unfinished.refuse_half_deleted(environment, there)
        assembly = emptied(account.assembly_of(environment))
        run_cdk(
            [
                *("synth", "--quiet", f"--context=env={environment}", f"--output={assembly}"),
                *signed_context(settings, clients, Steps()),
            ]
        )
        preflight.require_room(settings, place, assembly, _say)
        app = f"--app={assembly}"
        _say(f"\nWhat would change in {_where(place)}:\n")
        run_cdk(["diff", app])
        kept = imports.to_take_back(stacks, clients, assembly)
        _list("Before that:", unfinished.unfinished(there))
        _list("Still there from before, and taken back as it is:", kept)
        if settings.keep_data:
            _say("keep_data is true: the stacks will resist deletion, and data outlives them.")
        if not yes:
            click.confirm(f"Deploy {environment} into {_where(place)}?", abort=True, err=True)
        if unfinished.finish(stacks, clients, run_cdk, app, _say):
            # What that left behind is taken back, too.
            kept = imports.to_take_back(stacks, clients, assembly)
        imports.take_back(kept, assembly, run_cdk)
        # What was shown and not what the files say by now.
        run_cdk(
            [
                "deploy",
                "--all",
                app,
                "--require-approval=never",
                f"--outputs-file={assembly / 'outputs.json'}",
            ]
        )
        outputs = read_outputs(assembly)
        try:
            prune_all(settings)
        except CommandError as error:
            # What was asked for is done; the next deployment deletes them.
            _say(f"{environment} is deployed. Old versions of its functions stay: {error}")
    if as_json:
        taken = [str(one) for one in kept]
        done = {"environment": environment, "taken_back": taken, "outputs": outputs}
        click.echo(json.dumps(done, indent=2))
        return
    for name, value in outputs.items():
        click.echo(f"{name}={value}")


@click.command()
@click.argument("environment", metavar="ENV")
@click.option(
    "--protected",
    is_flag=True,
    help="Delete stacks that CloudFormation protects, too; with keep_data their data stays.",
)
@_YES
@as_json
def destroy(environment: str, protected: bool, yes: bool, as_json: bool) -> None:
    """Delete ENV from your AWS account: its stacks and, unless its data is kept, all of that.

    It lists what would go and what would stay, and asks. Where keep_data is false, buckets are
    emptied of every version, and what earlier deployments left behind goes as well; the key that
    encrypted it all can be restored for 30 days. Where keep_data is true, CloudFormation protects
    the stacks, and this command changes nothing; with --protected it deletes them, and the next
    `tradewind deploy` takes their data back.

    Ctrl-C leaves CloudFormation at work: the same command again waits for it, and goes on. The
    embedded AWS is ended by `tradewind down`.
    """
    from cli import account
    from cli.deployment.removal import Removal
    from cli.deployment.stacks import Stacks
    from cli.lock import lock

    settings = account.settings_of(environment)
    _somebody(yes)
    place = account.place_of(settings)
    clients = account.clients_in(place.region)
    with lock(cloud.BUILD):
        stacks = Stacks(environment, clients)
        removal = Removal(stacks, clients, keep_data=settings.keep_data, say=_say)
        staying = removal.staying()
        if removal.nothing:
            _list("These outlived its stacks, and stay:", staying)
            raise CommandError(f"There is nothing of {environment} in {_where(place)}.")
        removal.refuse_protected(environment, allowed=protected)
        removal.refuse_other_settings(environment)
        _say(f"This deletes from {_where(place)}:")
        for stack in removal.deployed:
            _say(f"  {stack.name} ({stack.status})")
        _list("and for good, with all that is in it:", removal.going())
        _list("These stay:", staying)
        if not yes:
            typed = click.prompt(f"Type {environment} to delete it", default="", err=True)
            if typed != environment:
                raise CommandError(f"That is not {environment}. Nothing was deleted.")
        gone, removed = removal.run()
    if as_json:
        done = {"environment": environment, "deleted": gone, "removed": removed, "kept": staying}
        click.echo(json.dumps(done, indent=2))
    else:
        click.echo(f"Deleted {', '.join([*gone, *removed])}.")


def _somebody(yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask here: give --yes.")


def _where(place: "Place") -> str:
    return f"account {place.account}, {place.region} (as {place.caller})"


def _list(title: str, lines: "Iterable[object]") -> None:
    listed = [str(line) for line in lines]
    if listed:
        _say("\n  ".join([title, *listed]))


def _say(line: str) -> None:
    click.echo(line, err=True)
