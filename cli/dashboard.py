"""The dashboards of the synthesized app as a page, or as files for a pull request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from cli import cdk
from cli.errors import CommandError
from devtools.contract import load_catalogue
from devtools.dashboard.assembly import Assembly, AssemblyError, read_assembly
from devtools.dashboard.browser import BrowserError
from devtools.dashboard.d3 import LibraryMissing
from devtools.dashboard.document import TimeRange
from devtools.dashboard.output import Written, write
from devtools.dashboard.preview import NoSuchDashboard, Preview
from devtools.dashboard.server import DashboardServer
from devtools.dashboard.sources import Account, EmulatedAccount, SourceError
from devtools.localcloud.running import Running
from tradewind.telemetry.metric_names import METRICS, NAMESPACE

#: Where `make synth` and `cdk deploy` synthesize to.
ASSEMBLY: Final = cdk.PROJECT / "cdk.out"


def local_preview(running: Running) -> Preview:
    """The app's dashboards on the embedded AWS, which boto3's environment must point to.

    Raises:
        CommandError: The app was never synthesized for it.
    """
    session = boto3.Session()
    assembly = _assembly(cdk.LOCAL_ASSEMBLY, session, running.account_id, running.region)
    return Preview(assembly, EmulatedAccount(session, "the embedded AWS", assembly.alarms))


def account_preview(templates: Path) -> Preview:
    """The dashboards of a cloud assembly on the account that boto3's environment points to.

    Raises:
        CommandError: There are no credentials, or no cloud assembly.
    """
    session = boto3.Session()
    if session.region_name is None:
        raise CommandError("Which region? Set AWS_REGION, or choose a profile with AWS_PROFILE.")
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"The AWS account does not answer: {error}") from error
    assembly = _assembly(templates, session, account, session.region_name)
    units = {(NAMESPACE, str(name)): spec.unit for name, spec in METRICS.items()}
    for namespace, service in load_catalogue().items():
        units |= {(namespace, name): metric.unit for name, metric in service.metrics.items()}
    label = f"account {account} in {session.region_name}"
    return Preview(assembly, Account(session, label, units))


def _assembly(templates: Path, session: Any, account: str, region: str) -> Assembly:
    def physical(stack: str) -> Mapping[str, str]:
        pages = session.client("cloudformation").get_paginator("list_stack_resources")
        try:
            return {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for page in pages.paginate(StackName=stack)
                for resource in page["StackResourceSummaries"]
                if "PhysicalResourceId" in resource
            }
        except (BotoCoreError, ClientError):
            # Not deployed, or not ours to list: the names in the template have to do.
            return {}

    try:
        return read_assembly(templates, account=account, region=region, physical=physical)
    except AssemblyError as error:
        raise CommandError(f"{error}\n`tradewind up` or `make synth` synthesizes it.") from error


def show(preview: Preview, port: int, *, as_json: bool = False) -> None:
    """Serve the page until it is interrupted.

    Raises:
        CommandError: The port cannot be used.
    """
    try:
        server = DashboardServer(preview, port)
    except LibraryMissing as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"Port {port} cannot be used: {error}") from error
    with server:
        label = preview.source.label
        where = json.dumps({"url": server.url, "source": label})
        click.echo(where if as_json else f"Dashboards on {label}: {server.url}")
        click.echo("Ctrl-C ends it.", err=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("Ended.", err=True)


def save(
    preview: Preview, out: Path, names: Sequence[str], span: timedelta | None, pictures: bool
) -> list[Written]:
    """Write the dashboards to files.

    Raises:
        CommandError: Something could not be written, or there is nothing to write.
    """
    time_range = TimeRange.back(span, preview.clock()) if span else None
    try:
        return write(
            out,
            preview,
            names=[preview.full_name(name) for name in names] or None,
            time_range=time_range,
            pictures=pictures,
        )
    except (BrowserError, LibraryMissing, SourceError, NoSuchDashboard) as error:
        raise CommandError(str(error)) from error


def report(written: Sequence[Written], as_json: bool) -> None:
    """Say what was written.

    Raises:
        CommandError: A widget cannot work, or the page reported a problem.
    """
    if as_json:
        click.echo(json.dumps([asdict(one) for one in written], indent=2, default=str))
    wrong = []
    for one in written:
        if not as_json:
            for path in (one.html, *one.pictures):
                click.echo(str(path))
        wrong += [f"{one.name}, refused by CloudWatch: {problem}" for problem in one.refused]
        wrong += [f"{one.name}, {w.title!r}: {w.message}" for w in one.broken]
        wrong += [f"{one.name}, console: {problem}" for problem in one.problems]
    if wrong:
        raise CommandError("\n  ".join(["Not every widget works:", *wrong]))
