"""Conversations: reading one, and deleting it."""

from dataclasses import asdict
from typing import Final

from tradewind.api.door import Door
from tradewind.api.errors import NotFound
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route
from tradewind.contracts.errors import SessionBusy, SessionUnreadable, StorageAccessDenied
from tradewind.contracts.names import SESSION_ID_PATTERN

_PATH: Final = "/sessions/{id}"


def show(door: Door, request: Request) -> Answer:
    """Tell a conversation of the caller's.

    Raises:
        NotFound: There is none of theirs.
        StorageError: It could not be read.
    """
    from tradewind.conversations.reading import read_session  # noqa: PLC0415  # see api.models

    found = read_session(door.sessions, request.owner, request.parameters["id"])
    if found is None:
        raise NotFound("There is no such session.")
    return Answer(200, {**asdict(found), "turns": [asdict(turn) for turn in found.turns]})


def delete(door: Door, request: Request) -> Answer:
    """Delete a conversation of the caller's; once more finds nothing.

    Raises:
        NotFound: There is none of theirs.
        SessionBusy: A turn is at work.
        StorageError: It could not be deleted whole. A further call deletes the rest.
    """
    from tradewind.conversations.reading import delete_session  # noqa: PLC0415  # see api.models

    if not delete_session(door.sessions, request.owner, request.parameters["id"]):
        raise NotFound("There is no such session.")
    return Answer(204, None)


ROUTES: Final = (
    Route(
        "GET",
        _PATH,
        "getSession",
        "A conversation: what was asked and answered",
        show,
        {200: "Session"},
        parameters={"id": SESSION_ID_PATTERN},
        problems=(SessionUnreadable, StorageAccessDenied),
    ),
    Route(
        "DELETE",
        _PATH,
        "deleteSession",
        "Delete a conversation, whole; refused while a turn is at work",
        delete,
        {204: None},
        parameters={"id": SESSION_ID_PATTERN},
        problems=(SessionBusy, SessionUnreadable, StorageAccessDenied),
    ),
)
