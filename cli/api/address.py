"""Where the API is, and whose it is: a variable, an environment's stack, or this machine."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cli import cdk, cloud
from cli.errors import CommandError
from devtools.localcloud import LocalCloud, Running
from stacks.names import Output, StackId, stack_name

#: The variables, which may also stand in ``.env`` in the current folder.
URL_VARIABLE: Final = "TRADEWIND_API_URL"
ENVIRONMENT_VARIABLE: Final = "TRADEWIND_ENV"
_DOT_ENV: Final = ".env"
#: API Gateway's own host names.
_GATEWAY: Final = re.compile(
    r"(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
)
#: A host, and what a path may have: visible ASCII.
_PLAIN: Final = re.compile(r"https://[a-z0-9.:\[\]-]+(/[!-~]*)?", re.IGNORECASE)
_NOWHERE: Final = (
    f"Which API? Set {URL_VARIABLE} (also in .env, see .env.example), give --env NAME for an "
    "environment\nin your account, or start the embedded AWS here: `tradewind up`."
)


@dataclass(frozen=True)
class Address:
    """Where requests go.

    Attributes:
        url: The API's root, without a slash at its end.
        region: Whose name the signature has; None where only the caller's settings can say.
    """

    url: str
    region: str | None


def setting(name: str) -> str | None:
    """A variable's value: the environment's, else that of ``.env`` in the current folder.

    Raises:
        CommandError: ``.env`` cannot be read.
    """
    return os.environ.get(name) or _dot_env().get(name) or None


def find_address(environment: str | None) -> Address:
    """Find the API, and let this process's AWS clients reach the AWS it is in.

    Args:
        environment: What ``--env`` says. It comes before the variables.

    Raises:
        CommandError: There is none, or it cannot be looked up.
    """
    if environment is None and (url := setting(URL_VARIABLE)):
        return _address(url, f"{URL_VARIABLE} is")
    name = environment or setting(ENVIRONMENT_VARIABLE)
    if name is None or name == cdk.LOCAL_ENV:
        return _local(asked=name is not None)
    return _address(_output_of_stack(name), f"The output {Output.API_URL} is")


def enter(environment: str | None) -> tuple[str, str]:
    """Let this process's AWS clients reach an environment's AWS.

    Returns:
        The environment's name and its region.

    Raises:
        CommandError: None is named, and the embedded AWS does not run; or there is none such.
    """
    from cli.account import settings_of  # noqa: PLC0415  with pydantic

    name = environment or setting(ENVIRONMENT_VARIABLE)
    if name is not None and name != cdk.LOCAL_ENV:
        return name, settings_of(name).region
    running = LocalCloud(cloud.HOME).status()
    if running is None:
        raise CommandError(
            "Which environment? Give --env NAME for one in your account, or start the embedded "
            "AWS: `tradewind up`."
        )
    cloud.point_boto3_at(running)
    return cdk.LOCAL_ENV, running.region


def _local(*, asked: bool) -> Address:
    if not asked and LocalCloud(cloud.HOME).status() is None:
        raise CommandError(_NOWHERE)
    running, outputs = cloud.deployed_outputs(LocalCloud(cloud.HOME))
    if Output.API_URL not in outputs:
        raise CommandError("What is deployed on this machine has no API. Run `tradewind up` again.")
    cloud.point_boto3_at(running)
    return Address(on_this_machine(outputs[Output.API_URL], running), running.region)


def on_this_machine(url: str, running: Running) -> str:
    """Return the address at which the embedded AWS serves what AWS would serve at ``url``."""
    parts = urlsplit(url)
    found = _GATEWAY.fullmatch(parts.hostname or "")
    if found is None:
        return url.rstrip("/")
    stage = parts.path.strip("/")
    return f"{running.endpoint_url}/restapis/{found['api']}/{stage}/_user_request_"


def _address(url: str, what: str) -> Address:
    parts = urlsplit(url)
    try:
        whole = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        whole = False
    if not whole or parts.query or parts.fragment or parts.username or not _PLAIN.fullmatch(url):
        raise CommandError(
            f"{what} not an address such as https://abc123.execute-api.eu-west-1.amazonaws.com/v1."
        )
    found = _GATEWAY.fullmatch(parts.hostname or "")
    return Address(url.rstrip("/"), found["region"] if found else None)


def _output_of_stack(environment: str) -> str:
    import boto3  # noqa: PLC0415  nobody else needs it here

    from cli.api.aws import aws_failures  # noqa: PLC0415

    _, region = enter(environment)
    stack = stack_name(environment, StackId.API)
    with aws_failures(f"The stack {stack} cannot be looked up in {region}"):
        client = boto3.client("cloudformation", region_name=region)
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
    for output in found.get("Outputs", []):
        if output.get("OutputKey") == Output.API_URL:
            return str(output["OutputValue"])
    raise CommandError(f"The stack {stack} has no output {Output.API_URL}. Deploy it again.")


def _dot_env() -> dict[str, str]:
    """The ``NAME=value`` lines of ``.env``, of which ``setting`` takes our own two."""
    try:
        text = Path(_DOT_ENV).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(f"{_DOT_ENV} cannot be read: {error}") from error
    found = {}
    for line in text.splitlines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals:
            found[name.strip()] = value.strip().strip("\"'")
    return found
