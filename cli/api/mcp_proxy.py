"""AWS's signing proxy, as the program that a client starts: a message in, a signed request out."""

import os
from collections.abc import Mapping
from typing import Final, NoReturn

from cli.api.address import Address
from cli.api.signing import SERVICE, Signer
from cli.cdk import PROJECT
from cli.errors import CommandError

#: It needs another MCP library than the rest, so it has an environment of its own.
PROXY: Final = PROJECT / ".venv-mcp-proxy" / "bin" / "mcp-proxy-for-aws"


def become_proxy(address: Address) -> NoReturn:
    """Replace this process with the proxy: who started it speaks to the proxy, and ends it.

    Raises:
        CommandError: It is not installed, or there is nothing to sign with.
    """
    signer = Signer(address.region)  # of two who look for credentials, this one says what is wrong
    command = [
        str(PROXY),
        f"{address.url}/mcp",
        *("--service", SERVICE),
        *("--region", signer.region),
        # Not the client's name and version either: nobody here asked to send them.
        "--disable-telemetry",
    ]
    try:
        os.execve(PROXY, command, _environment(os.environ, signer))  # noqa: S606  our own program
    except OSError as error:
        raise CommandError(
            f"The signing proxy cannot be started ({error.strerror}). Run first: "
            f"make -C '{PROJECT}' setup"
        ) from error


def _environment(variables: Mapping[str, str], signer: Signer) -> dict[str, str]:
    # What Python is told here is for this environment.
    kept = {name: value for name, value in variables.items() if not name.startswith("PYTHON")}
    kept["AWS_REGION"] = signer.region
    if signer.ca_bundle:
        # Whom it trusts, in the words of its HTTP library.
        kept["SSL_CERT_FILE"] = signer.ca_bundle
    return kept
