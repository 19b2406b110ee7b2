"""``tradewind cancel|reply|models|conversations|budget``: what else the API offers a caller."""

import json
import re
from typing import TYPE_CHECKING, Any, Final

import click

from cli.options import as_json, for_environment

if TYPE_CHECKING:
    from cli.api.client import Api

#: Ids are parts of paths: nothing in them may be read as something else.
_SESSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_NOT_FOUND: Final = 404


class InvocationId(click.ParamType[str]):
    """An invocation's id, such as ``terrain.k-0123456789abcdef0123456789abcdef``."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that it can be one."""
        from cli.api.invocations import is_id

        if not is_id(str(value)):
            self.fail(f"{value!r} is no invocation's id, such as terrain.k-4d2f...", param, ctx)
        return str(value)


class SessionId(click.ParamType[str]):
    """A conversation's id."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that it can be one."""
        if not _SESSION.fullmatch(str(value)):
            self.fail(f"{value!r} is no session's id.", param, ctx)
        return str(value)


def api_of(environment: str | None) -> "Api":
    """The API that a command is for."""
    from cli.api.address import find_address
    from cli.api.client import Api
    from cli.api.connection import Connection

    return Api(Connection(find_address(environment)))


def show_status(
    context: click.Context, invocation_id: str, environment: str | None, *, as_json: bool
) -> None:
    """Print how far an invocation is; the exit status says so, too."""
    from cli.api.invocations import look
    from cli.api.show import show, show_json

    invocation = look(api_of(environment), invocation_id)
    if as_json:
        show_json(context, invocation)
    show(invocation)


@click.command()
@click.argument("invocation_id", metavar="ID", type=InvocationId())
@for_environment
@as_json
def cancel(invocation_id: str, environment: str | None, as_json: bool) -> None:
    """Stop the invocation ID: its agent ends at its next step.

    One that has ended stays as it is.
    """
    from cli.api.invocations import ENDED, invocation_in, path_of
    from cli.api.show import pick_up

    _, document = api_of(environment).exchange("DELETE", path_of(invocation_id))
    invocation = invocation_in(document)
    if as_json:
        click.echo(json.dumps(invocation, indent=2))
    elif invocation["state"] in ENDED:
        click.echo(f"It has ended: {invocation['state']}.")
    else:
        click.echo(f"It is being stopped. {pick_up(invocation_id)} says how it ended.")


@click.command()
@click.argument("invocation_id", metavar="ID", type=InvocationId())
@click.argument("answer")
@for_environment
@as_json
def reply(invocation_id: str, answer: str, environment: str | None, as_json: bool) -> None:
    """Give the invocation ID, which waits for a person, its ANSWER. It goes on.

    The answer is the question's that it asks now: one that it comes to meanwhile stays open.
    """
    from cli.api.invocations import invocation_in, look, path_of
    from cli.api.show import pick_up

    api = api_of(environment)
    question_id = look(api, invocation_id).get("question_id")
    # Sent again, the same answer to the same question is recognised.
    body = {"answer": answer, **({"question_id": question_id} if question_id else {})}
    _, document = api.exchange("POST", f"{path_of(invocation_id)}/answer", body=body)
    invocation = invocation_in(document)
    if as_json:
        click.echo(json.dumps(invocation, indent=2))
    else:
        click.echo(f"It goes on. {pick_up(invocation_id)} says how.")


@click.command()
@for_environment
@as_json
def models(environment: str | None, as_json: bool) -> None:
    """List the models that the API's account can invoke."""
    from cli.api.texts import one_line

    found = api_of(environment).get("/models")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [one for one in found.get("models") or [] if isinstance(one, dict)]
    for row in rows:
        used = "  (used)" if row.get("used") else ""
        click.echo(f"{one_line(row.get('id'), 200)}  {one_line(row.get('name'), 200)}{used}")
    if not rows:
        click.echo("There are none: the account has no access to a model yet.")


@click.group()
def conversations() -> None:
    """Conversations with agents, by the session ids that answers name."""


@conversations.command()
@click.argument("session_id", metavar="ID", type=SessionId())
@for_environment
@as_json
def show(session_id: str, environment: str | None, as_json: bool) -> None:
    """Print the conversation ID: what was asked and what was answered."""
    from cli.api.texts import one_line, printable

    found = api_of(environment).get(f"/sessions/{session_id}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    agent, updated = one_line(found.get("agent"), 64), one_line(found.get("updated_at"), 64)
    click.echo(f"session {session_id} with {agent}, last turn {updated}")
    for turn in found.get("turns") or []:
        if isinstance(turn, dict):
            number, asked = one_line(turn.get("number"), 20), one_line(turn.get("asked_at"), 64)
            click.echo(f"\n{number}. {asked}  {one_line(turn.get('invocation_id'), 200)}")
            click.echo(f"> {printable(turn.get('query'))}\n{printable(turn.get('response'))}")


@conversations.command()
@click.argument("session_id", metavar="ID", type=SessionId())
@for_environment
@as_json
def delete(session_id: str, environment: str | None, as_json: bool) -> None:
    """Delete the conversation ID. What its answers left elsewhere stays."""
    api_of(environment).exchange("DELETE", f"/sessions/{session_id}")
    click.echo(json.dumps({"deleted": session_id}) if as_json else "Deleted.")


@click.command()
@for_environment
@as_json
def budget(environment: str | None, as_json: bool) -> None:
    """Say what you have spent today, and what is left."""
    from cli.api.texts import one_line

    found = api_of(environment).get("/budget")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    limit = found.get("limit_usd")
    spent, reserved = _usd(found.get("spent_usd")), _usd(found.get("reserved_usd"))
    click.echo(f"{one_line(found.get('day'), 40)}: {spent} spent, {reserved} reserved")
    if limit is None:
        click.echo("There is no limit.")
    else:
        resets = one_line(found.get("resets_at"), 64)
        click.echo(f"{_usd(found.get('left_usd'))} of {_usd(limit)} left until {resets}")


def _usd(value: Any) -> str:
    return f"{value:.4f} US$" if isinstance(value, int | float) else "? US$"
