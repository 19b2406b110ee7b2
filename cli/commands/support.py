"""``tradewind list-tools|list-supported|doctor|version``: what there is, and what is missing."""

import json

import click

from cli.options import as_json

_COLORS = {"ok": "green", "absent": "yellow", "failed": "red"}


@click.command("list-tools")
@as_json
def list_tools(*, as_json: bool) -> None:
    """List the tools that a workflow's agents may have without declaring them.

    An agent names those it is to have: `tools: [calculator, web_fetch]`.
    """
    from cli.workflow.support import tools

    found = tools()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        needs = f"  (needs {one['needs']})" if one["needs"] else ""
        click.echo(f"{one['name']:<18} {one['does']}{needs}")


@click.command("list-supported")
@as_json
def list_supported(*, as_json: bool) -> None:
    """List the patterns, providers and features that workflows can use, and what they cannot."""
    from cli.workflow.support import supported

    found = supported()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for kind, entries in found.items():
        click.echo(f"{kind.replace('_', ' ').capitalize()}")
        for name, told in entries.items():
            click.echo(f"  {name:<28} {told}".rstrip())


@click.command()
@as_json
def doctor(*, as_json: bool) -> None:
    """Look at what running workflows needs of this machine, and say what to do.

    Of keys and credentials only whether they are there is said. Nothing is called that costs money.

    \b
    Exit status: 0 nothing that every workflow needs is missing
                 1 something is
    """  # noqa: D301  click reads the \b
    import os
    from dataclasses import asdict

    from cli.workflow.doctor import examined

    found = []
    for finding in examined(os.environ):
        found.append(finding)
        if not as_json:
            mark = click.style(f"{finding.state:>7}", fg=_COLORS[finding.state])
            todo = f"; {finding.do}" if finding.do else ""
            click.echo(f"{mark} {finding.what:<18} {finding.found}{todo}")
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    if any(finding.state == "failed" for finding in found):
        raise click.exceptions.Exit(1)


@click.command()
@as_json
def version(*, as_json: bool) -> None:
    """Print Tradewind's version."""
    import platform
    import tomllib

    from cli.cdk import PROJECT

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if as_json:
        told = {"tradewind": project["version"], "python": platform.python_version()}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(f"tradewind {project['version']}")
