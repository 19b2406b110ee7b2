"""``tradewind demo|up|down|status``: the embedded AWS with the app in it."""

import json
import os
from typing import Any, Final

import click

from cli import cloud
from cli.commands.invocations import InvocationId, show_status
from cli.options import as_json, for_environment
from devtools.localcloud import LocalCloud

_PROXIES: Final = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


@click.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running at the end.")
@as_json
def demo(keep: bool, as_json: bool) -> None:
    """Deploy into the embedded AWS, ask each agent twice and draw the dashboards.

    out/index.html shows what came of it. With TRADEWIND_REAL_BEDROCK=1 and AWS credentials the
    agents talk to the real Amazon Bedrock instead of the scripted stand-in.
    """
    from cli.console import Steps
    from cli.demo.console import show
    from cli.demo.run import run_demo
    from cli.lock import lock
    from cli.output import fresh

    steps = Steps()
    with lock(cloud.BUILD):
        with fresh(cloud.OUT, cloud.BUILD) as out:
            result = run_demo(steps, LocalCloud(cloud.HOME), out, keep=keep)
        show(steps.console, result, cloud.OUT)
    if as_json:
        click.echo(json.dumps(result.summary(), indent=2))


@click.command()
@as_json
def up(as_json: bool) -> None:
    """Start the embedded AWS, deploy the app into it and leave it running."""
    from cli.console import Steps
    from cli.lock import lock

    local_cloud = LocalCloud(cloud.HOME)
    with lock(cloud.BUILD):
        running, outputs = cloud.start_and_deploy(Steps(), local_cloud)
        local_cloud.keep()
    environment = running.environment()
    if any(name.upper() in _PROXIES for name in os.environ):
        environment["NO_PROXY"] = environment["no_proxy"] = "127.0.0.1"
    users = {name for name in os.environ if name.startswith("AWS_")}
    unset = sorted(users - set(environment))
    if as_json:
        shown = {"environment": environment, "unset": unset, "outputs": outputs}
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo("# To point your own AWS tools at it:")
    if unset:
        click.echo(f"unset {' '.join(unset)}")
    for name, value in environment.items():
        click.echo(f"export {name}={value}")


@click.command()
@as_json
def down(as_json: bool) -> None:
    """Stop the embedded AWS and every function process in it."""
    stopped = LocalCloud(cloud.HOME).down(lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps({"stopped": stopped}))
    else:
        click.echo("Stopped." if stopped else "It was not running.")


@click.command()
@click.argument("invocation_id", metavar="[ID]", type=InvocationId(), required=False)
@for_environment
@as_json
@click.pass_context
def status(
    context: click.Context, invocation_id: str | None, environment: str | None, as_json: bool
) -> None:
    """Say how far the invocation ID is; without one, whether the embedded AWS is running.

    Exit status with ID: 0 it succeeded, 1 it failed, 4 it is at work or waits for a person.
    """
    if invocation_id is not None:
        show_status(context, invocation_id, environment, as_json=as_json)
        return
    if environment is not None:
        raise click.UsageError("--env goes with ID.")
    local_cloud = LocalCloud(cloud.HOME)
    running = local_cloud.status()
    where: dict[str, Any] = {"running": running is not None}
    if running:
        where |= {"endpoint_url": running.endpoint_url, "pid": running.pid}
    elif lost := local_cloud.lost():
        where["lost"] = lost
    click.echo(json.dumps(where) if as_json else _sentence(where))


def _sentence(where: dict[str, Any]) -> str:
    if where["running"]:
        return f"The embedded AWS is running at {where['endpoint_url']} (process {where['pid']})."
    if lost := where.get("lost"):
        processes = ", ".join(map(str, lost))
        return (
            "The files of an embedded AWS were removed, its processes are left "
            f"({processes}). `tradewind down` ends them."
        )
    return "The embedded AWS is not running. `tradewind up` starts it."
