"""``tradewind call``: ask an agent through the API."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.commands.invocations import api_of
from cli.errors import CommandError, Unreachable
from cli.options import as_json, for_environment, with_files
from cli.request_files import read_object, read_words, request_of
from tradewind.contracts.names import AGENT_NAME_LENGTH, AGENT_NAME_PATTERN
from tradewind.contracts.texts import is_well_formed

if TYPE_CHECKING:
    from cli.api.client import Api

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_FILE_OR_STDIN: Final = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


class AgentName(click.ParamType[str]):
    """The name of an agent, which the API may have and this checkout not."""

    name = "agent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that it can be one."""
        if not re.fullmatch(AGENT_NAME_PATTERN, str(value)) or len(value) > AGENT_NAME_LENGTH:
            self.fail(f"{value!r} is no agent's name.", param, ctx)
        return str(value)


@click.command()
@click.argument("agent", required=False, metavar="AGENT")
@click.argument("query", required=False)
@click.option(
    "--runtime",
    type=AgentName(),
    help="Ask this runtime in AGENT's place; then QUERY comes alone.",
)
@click.option("--async", "asynchronous", is_flag=True, help="Do not wait for the answer.")
@click.option("--stream", is_flag=True, help="Print the answer as it is written.")
@click.option("--session", "session_id", help="The conversation to go on with.")
@click.option("--system", "system_prompt", help="Instructions, after the agent's own.")
@click.option(
    "--context", "context_file", type=_FILE_OR_STDIN, help="A text to ask about; - reads it."
)
@click.option("--max-tokens", type=click.IntRange(1), help="Of each of the model's answers.")
@click.option("--temperature", type=click.FloatRange(0, 1), help="From 0, the steadiest, to 1.")
@click.option(
    "--schema", "schema_file", type=_FILE, help="A JSON Schema that the answer is to have."
)
@click.option(
    "--request", "request_file", type=_FILE, help="A request as JSON; options come on top."
)
@with_files
@click.option("--project-id", help="The project to work on; a new one is made without it.")
@for_environment
@as_json
@click.pass_context
def call(
    context: click.Context,
    /,
    *,
    agent: str | None,
    query: str | None,
    runtime: str | None,
    asynchronous: bool,
    stream: bool,
    context_file: Path | None,
    schema_file: Path | None,
    request_file: Path | None,
    files: tuple[str, ...],
    environment: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Ask AGENT a QUERY through the API, and print its answer.

    However often an answer is lost on the way, the agent is asked once. While it works, its state
    is told on standard error. Ctrl-C leaves it at work and says how to find it again; with --stream
    it stops the agent.

    With --stream a terminal shows text as it comes, a pipe each message once it is whole, and
    --json each event as a line.

    \b
    tradewind call AGENT "What do you do?"
    tradewind call AGENT "And then?" --session SESSION_ID --stream
    tradewind call AGENT --request lambda_src/agents/AGENT/request.json --async
    tradewind call --runtime RUNTIME "What do you do?" --stream
    """  # noqa: D301  click reads the \b
    if asynchronous and stream:
        raise click.UsageError("--async and --stream do not go together.")
    asked, query = _whom(context, agent, query, runtime)
    body = request_of(query, request_file, files)
    if body.pop("agent", asked.name) != asked.name:
        raise click.UsageError(f"{request_file} is a request to another agent than {asked.name}.")
    body |= {name: value for name, value in fields.items() if value is not None}
    body |= {"context": read_words(context_file)} if context_file else {}
    body |= {"output_schema": read_object(schema_file)} if schema_file else {}
    _check(body)
    api = api_of(environment)
    if stream:
        _stream(context, api, asked, body, as_json=as_json)
    else:
        _ask(context, api, asked, body, asynchronous=asynchronous, as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    """Who is asked.

    Attributes:
        name: An agent's, or a runtime's.
        below: Where the API has it.
    """

    name: str
    below: str


def _whom(
    context: click.Context, agent: str | None, query: str | None, runtime: str | None
) -> tuple[_Asked, str | None]:
    """Who is asked, and what: with a runtime, what is given first is the question."""
    from cli.api.invocations import AGENTS, RUNTIMES

    if runtime is not None:
        if query is not None:
            raise click.UsageError("With --runtime there is no AGENT; give the QUERY alone.")
        return _Asked(runtime, RUNTIMES), agent
    [parameter] = (one for one in context.command.params if one.name == "agent")
    if agent is None:
        raise click.MissingParameter(ctx=context, param=parameter)
    return _Asked(AgentName().convert(agent, parameter, context), AGENTS), query


def _ask(
    context: click.Context,
    api: "Api",
    asked: _Asked,
    body: dict[str, Any],
    *,
    asynchronous: bool,
    as_json: bool,
) -> None:
    from cli.api.connection import NotSent
    from cli.api.invocations import AT_WORK, ask, follow, id_of, new_key
    from cli.api.show import pick_up, show, show_json

    key = new_key()
    identity = id_of(asked.name, key)
    try:
        invocation = ask(
            api, asked.name, body, key=key, asynchronous=asynchronous, below=asked.below
        )
        identity = invocation["id"]
        if asynchronous and invocation["state"] in AT_WORK:
            if as_json:
                show_json(context, invocation, 0)
            click.echo(f"invocation {identity}\n{pick_up(identity)} says how it goes.")
            return
        invocation = follow(api, invocation)
    except KeyboardInterrupt:
        click.echo(f"\nThe agent goes on. {pick_up(identity)} finds it again.", err=True)
        raise
    except CommandError as error:
        never_sent = isinstance(error, NotSent) and not api.heard
        if error.status != Unreachable.status or never_sent:
            raise
        raise Unreachable(
            f"{error}\nWhat was asked may be at work: {pick_up(identity)} says so."
        ) from error
    if as_json:
        show_json(context, invocation)
    show(invocation)


def _stream(
    context: click.Context, api: "Api", asked: _Asked, body: dict[str, Any], *, as_json: bool
) -> None:
    from cli.api.invocations import follow, id_of, new_key
    from cli.api.show import pick_up, show, status_of
    from cli.api.streaming import Screen, ask_streaming

    key = new_key()
    screen = Screen(id_of(asked.name, key), as_json=as_json)
    try:
        invocation = follow(
            api,
            ask_streaming(api, asked.name, body, key=key, screen=screen, below=asked.below),
        )
    except KeyboardInterrupt:
        click.echo(
            "\nThe stream is left, so the agent stops at its next step. "
            f"{pick_up(screen.invocation_id)} says how it ended.",
            err=True,
        )
        raise
    if as_json:
        context.exit(status_of(invocation))
    show(invocation, printed=screen.has(invocation))


def _check(body: dict[str, Any]) -> None:
    """Refuse what no JSON can say, before anything is sent."""
    for name, value in body.items():
        if isinstance(value, float) and value != value:  # noqa: PLR0124  no number
            raise click.UsageError(f"{name} must be a number.")
        if isinstance(value, str) and not is_well_formed(value):
            raise click.UsageError(f"{name} has bytes that are no text in UTF-8.")
        if isinstance(value, str) and not value.strip():
            raise click.UsageError(f"{name} is empty.")
