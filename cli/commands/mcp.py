"""``tradewind mcp``: the agents for a desktop client that speaks MCP."""

import json
import os
from typing import Any, Final

import click

from cli.options import for_environment

#: Names of settings, of which none is a secret.
_PASSED_ON: Final = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
    "TRADEWIND_HOME",
)


@click.command()
@for_environment
@click.option(
    "--print-config",
    "--json",
    "print_config",
    is_flag=True,
    help="Print what to paste into the client, as JSON, and end.",
)
def mcp(*, environment: str | None, print_config: bool) -> None:
    """Serve the agents to an MCP client that starts this command.

    It becomes AWS's signing proxy, mcp-proxy-for-aws: that reads the client's messages from
    standard input, signs each with your own AWS credentials, and prints what the API answers.

    \b
    tradewind mcp --print-config
    tradewind mcp --env prod --print-config
    """  # noqa: D301  click reads the \b
    if print_config:
        click.echo(json.dumps(_configuration(environment), indent=2))
        return
    from cli.api.address import find_address
    from cli.api.mcp_proxy import become_proxy

    become_proxy(find_address(environment))


def _configuration(environment: str | None) -> dict[str, Any]:
    """The configuration; the client starts the command in a folder and a shell of its own."""
    from cli.api.address import ENVIRONMENT_VARIABLE, URL_VARIABLE, setting
    from cli.cdk import PROJECT

    server: dict[str, Any] = {"command": str(PROJECT / "tradewind"), "args": ["mcp"]}
    passed_on = {name: value for name in _PASSED_ON if (value := os.environ.get(name))}
    if environment is not None:
        server["args"] += ["--env", environment]
    else:
        for name in (URL_VARIABLE, ENVIRONMENT_VARIABLE):
            if value := setting(name):
                passed_on[name] = value
    return {"mcpServers": {"tradewind": {**server, "env": passed_on}}}
