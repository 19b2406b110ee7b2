"""An answer as it is written: printed as it comes, and looked up where the stream breaks off."""

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import click

from cli.api.client import Api, ProblemError, Repeats, content_of, tell
from cli.api.connection import LARGEST, Lost, Reply
from cli.api.events import Event, events
from cli.api.invocations import AGENTS, ended_by, follow, invocation_in, is_id, look
from cli.api.texts import one_line, printable
from cli.errors import CommandError, Unreachable

_OK, _NOT_FOUND = 200, 404
_EVENT_STREAM: Final = "text/event-stream"
_RESTART: Final = "[The call of the model failed and is repeated: its last message is void.]"


class Screen:
    """Where a stream is shown.

    On a terminal text appears as it comes. A pipe gets each message once it is whole, so that
    nothing void is in it; a program gets every event, as a line of JSON.

    Attributes:
        invocation_id: The invocation that is shown.
    """

    def __init__(self, invocation_id: str, *, as_json: bool) -> None:
        self.invocation_id = invocation_id
        self._as_json = as_json
        self._live = sys.stdout.isatty()
        self._message = ""
        self._last = ""

    def take(self, event: Event) -> None:
        """Show one event."""
        if event.name == "invocation" and is_id(str(event.data.get("id"))):
            self.invocation_id = str(event.data["id"])
        if self._as_json:
            click.echo(json.dumps({"event": event.name, "data": event.data}))
            return
        match event.name:
            case "text":
                text = printable(event.data.get("text", ""))
                self._message += text
                if self._live:
                    click.echo(text, nl=False)
            case "message_end" | "result":
                self._end_message()
            case "restart":
                self._drop_message()
            case "tool_start":
                tell(f"{one_line(event.data.get('tool'), 64)} ...")
            case "tool_end":
                how = "done" if event.data.get("succeeded") else "failed"
                tell(f"{one_line(event.data.get('tool'), 64)} {how}")

    def has(self, invocation: dict[str, Any]) -> bool:
        """Whether an invocation's response is the last that was shown."""
        result = invocation.get("result") or {}
        return bool(self._last) and printable(result.get("response", "")).strip() == self._last

    def broken(self) -> None:
        """The stream broke off: what is on the screen is a part."""
        if self._live and self._message:
            click.echo()
        self._message = self._last = ""

    def _end_message(self) -> None:
        if self._message:
            click.echo("\n" if self._live else f"{self._message}\n")
            self._last = self._message.strip()
        self._message = ""

    def _drop_message(self) -> None:
        if self._message:
            if self._live:
                click.echo()
            tell(_RESTART)
        self._message = ""


def ask_streaming(
    api: Api,
    agent: str,
    body: dict[str, Any],
    *,
    key: str,
    screen: Screen,
    below: str = AGENTS,
) -> dict[str, Any]:
    """Ask an agent, show its answer as it comes, and return the invocation; see ``ask``.

    The request is sent once, and again only where the API turned it away before an agent heard of
    it. Where its stream breaks off, the invocation is looked up and followed to its end.

    Raises:
        CommandError: There is none, or how it ended cannot be found out.
    """
    try:
        for event in _events_of(api, agent, body, key, below):
            if event.name == "result":
                invocation_in(event.data)
            screen.take(event)
            if event.name == "result":
                return event.data
        failed: CommandError = Lost("The stream ended before its result.")
    except ProblemError as refused:
        if not refused.problem.nobodys:
            return _shown(screen, ended_by(api, refused))
        failed = refused
    except Lost as lost:
        failed = lost
    screen.broken()
    return _shown(screen, _looked_up(api, screen.invocation_id, failed))


def _shown(screen: Screen, ended: dict[str, Any]) -> dict[str, Any]:
    screen.take(Event("result", ended))
    return ended


def _events_of(api: Api, agent: str, body: dict[str, Any], key: str, below: str) -> Iterator[Event]:
    """The events of a stream, the first once the API lets the request in."""
    headers = {"Accept": _EVENT_STREAM, "Idempotency-Key": key}
    path = f"/{below}/{agent}/stream"
    repeats = Repeats(api.pause)
    while True:
        try:
            with api.connection.stream(path, headers=headers, body=body) as (head, pieces):
                if head.content_type == _EVENT_STREAM and head.status == _OK:
                    yield from events(pieces)
                    return
                whole = Reply(head.status, head.headers, b"".join(_bounded(pieces)))
            # A repeat of what has ended may be answered at once.
            yield Event("result", content_of(whole))
        except ProblemError as error:
            if not error.problem.too_much:
                raise
            repeats.again(error, error.problem.retry_after_s)
        else:
            return


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST:
            raise Lost("The API sends more than an answer may have.")
        yield piece


def _looked_up(api: Api, identity: str, failed: CommandError) -> dict[str, Any]:
    """An invocation's end, where its stream did not tell it.

    Raises:
        Unreachable: The API does not know of it.
    """
    tell(f"{failed} Looking up how it ended.")
    try:
        return follow(api, look(api, identity))
    except ProblemError as missing:
        if missing.problem.status != _NOT_FOUND:
            raise
        raise Unreachable(f"{failed} The API has no invocation {identity}: ask again.") from missing
