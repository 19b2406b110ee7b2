"""``tradewind``: run the app on this machine, and talk to its agents.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from cli import cdk
from cli import contract as contract_check
from cli.agents import AgentName
from cli.alarms import alarms
from cli.console import Steps, fail
from cli.dashboard import ASSEMBLY, Span, account_preview, local_preview, report, save, show
from cli.demo import run_demo, start_and_deploy
from cli.errors import CommandError
from cli.invoke import invoke, lambda_client
from cli.turns import own_turn
from devtools.localcloud import LocalCloud, LocalCloudError
from stacks.names import agent_arn_output

OUT = cdk.PROJECT / "out"
BUILD = cdk.PROJECT / ".build"
#: Where the embedded AWS keeps its state, unless TRADEWIND_HOME says otherwise.
HOME = Path(os.environ.get("TRADEWIND_HOME", cdk.PROJECT / ".localcloud"))
_INTERRUPTED = 130

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tradewind() -> None:
    """Run Tradewind on this machine and talk to its agents.

    \b
    First time:     tradewind demo
    To work with:   tradewind up, tradewind invoke terrain "...", tradewind down
    """  # noqa: D301  click reads the \b


@tradewind.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running at the end.")
@as_json
def demo(keep: bool, as_json: bool) -> None:
    """Deploy into the embedded AWS and send a siting request to each of the four agents.

    Artifacts and demo.json are left in out/. With TRADEWIND_REAL_BEDROCK=1 and AWS credentials the
    agents talk to the real Amazon Bedrock instead of the scripted stand-in.
    """
    with own_turn(BUILD):
        summary = run_demo(Steps(), LocalCloud(HOME), OUT, keep=keep)
    if as_json:
        click.echo(json.dumps(summary, indent=2))


@tradewind.command()
@as_json
def up(as_json: bool) -> None:
    """Start the embedded AWS, deploy the app into it and leave it running."""
    with own_turn(BUILD):
        running, outputs = start_and_deploy(Steps(), LocalCloud(HOME), OUT)
    environment = running.environment()
    if as_json:
        click.echo(json.dumps({"environment": environment, "outputs": outputs}, indent=2))
        return
    click.echo("# To point your own AWS tools at it:")
    for name, value in environment.items():
        click.echo(f"export {name}={value}")


@tradewind.command()
def down() -> None:
    """Stop the embedded AWS and every function process in it."""
    click.echo("Stopped." if LocalCloud(HOME).down() else "It was not running.")


@tradewind.command()
@as_json
def status(as_json: bool) -> None:
    """Say whether the embedded AWS is running, and where."""
    running = LocalCloud(HOME).status()
    where: dict[str, Any] = {"running": running is not None}
    if running:
        where |= {"endpoint_url": running.endpoint_url, "pid": running.pid}
    click.echo(json.dumps(where) if as_json else _sentence(where))


def _sentence(where: dict[str, Any]) -> str:
    if not where["running"]:
        return "The embedded AWS is not running. `tradewind up` starts it."
    return f"The embedded AWS is running at {where['endpoint_url']} (process {where['pid']})."


def _read_request(path: Path) -> dict[str, Any]:
    try:
        event = json.loads(path.read_text())
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise click.UsageError(f"{path} must hold a JSON object.")
    return event


@tradewind.command(name="invoke")
@click.argument("agent", type=AgentName())
@click.argument("query", required=False)
@click.option(
    "--request",
    "request_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with query and parameters, such as those in examples/requests/.",
)
@click.option("--project-id", help="The project to work on; a new one is made without it.")
@as_json
def invoke_agent(
    agent: str, query: str | None, request_file: Path | None, project_id: str | None, as_json: bool
) -> None:
    """Send AGENT a QUERY, or the request in a file, and print its answer.

    \b
    tradewind invoke terrain --request examples/requests/terrain.json
    tradewind invoke layout "Place 12 turbines" --project-id project-0123456789ab
    """  # noqa: D301  click reads the \b
    event = _read_request(request_file) if request_file else {}
    event |= {"query": query} if query else {}
    event |= {"project_id": project_id} if project_id else {}
    if "query" not in event:
        raise click.UsageError("Give a QUERY or --request FILE.")
    running = LocalCloud(HOME).status()
    if running is None or not (OUT / cdk.OUTPUTS_FILE).exists():
        raise CommandError("Nothing is deployed on this machine. Run `tradewind up` first.")
    os.environ.update(running.environment())
    outputs = cdk.read_outputs(OUT)
    answer = invoke(lambda_client(), outputs[agent_arn_output(agent)], event).answer
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(answer["response"] or answer["error"]["message"])
        click.echo(f"\nproject {answer['project_id']}, request {answer['request_id']}")
        for artifact in answer["artifacts"]:
            click.echo(f"  {artifact['key']}")
    if not answer["success"]:
        raise CommandError(f"{answer['error']['code']}: {answer['error']['message']}")


@tradewind.command(name="dashboard")
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write HTML and PNG files to this folder instead of serving the page.",
)
@click.option("--range", "span", type=Span(), help="How far to look back, such as 15m, 3h or 1d.")
@click.option("--html-only", is_flag=True, help="Write no PNG; needs no Chromium.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free one without it.")
@click.option("--account", is_flag=True, help="Take the data from the AWS account of your profile.")
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --account: the folder of the synthesized templates. [default: cdk.out]",
)
@as_json
def show_dashboards(
    *,
    names: tuple[str, ...],
    out: Path | None,
    span: timedelta | None,
    html_only: bool,
    port: int,
    account: bool,
    templates: Path | None,
    as_json: bool,
) -> None:
    """Show the synthesized dashboards with their data: as a page, or as files.

    NAMES are dashboards such as overview; all of them without any. The data come from the embedded
    AWS. With --account they come from CloudWatch, which charges for what is asked of it.

    \b
    tradewind dashboard
    tradewind dashboard overview --range 15m --out out/dashboards
    """  # noqa: D301  click reads the \b
    if out is None and (names or span or html_only or as_json):
        raise click.UsageError("NAMES, --range, --html-only and --json go with --out.")
    if templates and not account:
        raise click.UsageError("--templates goes with --account.")
    if account:
        preview = account_preview(templates or ASSEMBLY)
    else:
        running = LocalCloud(HOME).status()
        if running is None:
            raise CommandError(
                "The embedded AWS is not running. `tradewind up` starts it; with --account the "
                "data come from your AWS account."
            )
        os.environ.update(running.environment())
        preview = local_preview(running)
    if out is None:
        show(preview, port)
    else:
        report(save(preview, out, names, span, pictures=not html_only), as_json)


tradewind.add_command(alarms)


@tradewind.group()
def contract() -> None:
    """What the functions emit, and what the dashboards and alarms read of it."""


@contract.command(name="check")
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A synthesized app; by default the one deployed on this machine.",
)
@click.option(
    "--emitted",
    "log_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Functions' log lines; by default those of the embedded AWS.",
)
@as_json
def check_contract(templates: Path | None, log_files: tuple[Path, ...], as_json: bool) -> None:
    """Fail on a widget or an alarm that nothing feeds, and on a metric that nothing reads.

    \b
    tradewind contract check
    tradewind contract check --templates cdk.out --emitted function.log
    """  # noqa: D301  click reads the \b
    findings, compared = contract_check.check_contract(
        templates or cdk.LOCAL_ASSEMBLY, log_files, LocalCloud(HOME).status()
    )
    if as_json:
        shown = [{"where": finding.where, "problem": finding.problem} for finding in findings]
        click.echo(json.dumps({"findings": shown, "compared": compared}, indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"Compared {compared}: {len(findings)} findings.")
    if findings:
        raise CommandError("The contract is broken.")


def main() -> None:
    """Run the command; failures are one message and a status, not a traceback."""
    # Asked to end politely, it cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        tradewind(prog_name="tradewind", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        fail("Interrupted.")
        sys.exit(_INTERRUPTED)
    except (CommandError, LocalCloudError) as error:
        fail(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
