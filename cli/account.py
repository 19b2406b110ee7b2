"""The caller's own AWS account: whose it is, its clients, and the real CDK on it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import cdk
from cli.errors import CommandError

if TYPE_CHECKING:
    from stacks.settings.environment import Settings


@dataclass(frozen=True)
class Place:
    """Where an environment is.

    Attributes:
        account: The account that the caller's credentials are of.
        caller: The ARN they are of.
        region: The environment's, as its settings say.
    """

    account: str
    caller: str
    region: str


def settings_of(environment: str) -> "Settings":
    """The settings of an environment in an account.

    Raises:
        CommandError: There is no such environment, it is the embedded AWS's, or its settings or an
            agent's manifest are not as they must be.
    """
    from cli.agents import agents  # noqa: PLC0415  with pydantic
    from stacks.settings.errors import SettingsError  # noqa: PLC0415
    from stacks.settings.file import load_settings  # noqa: PLC0415

    if environment == cdk.LOCAL_ENV:
        raise CommandError(
            f"{cdk.LOCAL_ENV} is the embedded AWS: `tradewind up` deploys there, "
            "`tradewind down` ends it."
        )
    try:
        return load_settings(environment, cdk.PROJECT / "config", agents())
    except SettingsError as error:
        raise CommandError(str(error)) from error


def place_of(settings: "Settings") -> Place:
    """Where an environment's settings and the caller's credentials lead.

    Raises:
        CommandError: There are no credentials, or they are another account's than the settings say.
    """
    with _calls("AWS does not say whose credentials these are"):
        found = _client("sts", region=settings.region).get_caller_identity()
    place = Place(found["Account"], found["Arn"], settings.region)
    if settings.account is not None and settings.account != place.account:
        raise CommandError(
            f"config/{settings.environment}.yaml is for account {settings.account}; your "
            f"credentials are of {place.account} ({place.caller})."
        )
    return place


def clients_in(region: str) -> Callable[[str], Any]:
    """What gives the clients of the caller's account, by service.

    Returns:
        It gives each client once.
    """
    return cache(partial(_client, region=region))


def run_cdk(arguments: Sequence[str], region: str) -> None:
    """Run the real CDK command line on the caller's account; what it says goes to standard error.

    Raises:
        CommandError: It failed; it has said why.
    """
    if not cdk.CDK.exists():
        raise CommandError("The CDK command line is not installed; `make setup` installs it.")
    with subprocess.Popen(  # noqa: S603  our own pinned CLI
        [str(cdk.CDK), *arguments, "--no-notices"],
        cwd=cdk.PROJECT,
        env=_environment(region),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        # A group of its own: Ctrl-C in a terminal and a signal to this process alone end alike.
        process_group=0,
    ) as process:
        try:
            status = process.wait()
        except BaseException:
            cdk.end_group(process)
            raise
    if status != 0:
        raise CommandError(f"`cdk {arguments[0]}` failed with status {status}; it says why above.")


def assembly_of(environment: str) -> Path:
    """Where an environment is synthesized to."""
    return cdk.PROJECT / ".build" / f"cdk.out.{environment}"


def _environment(region: str) -> dict[str, str]:
    """What the CDK's process gets: the caller's account, and what building bundles needs."""
    from scripts.environment import for_account, for_packages  # noqa: PLC0415

    return {
        **for_account(),
        **for_packages(),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def _client(service: str, *, region: str) -> Any:
    import boto3  # noqa: PLC0415  only what calls AWS waits for it

    with _calls("AWS cannot be called"):
        return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def _calls(what: str) -> Any:
    from cli.api.aws import aws_failures  # noqa: PLC0415

    return aws_failures(what)
