"""An invocation: asked once, followed to its end, however its answers are lost on the way."""

import hashlib
import re
import uuid
from typing import Any, Final

from cli.api.client import Api, ProblemError, tell
from cli.api.connection import Lost, Reply
from cli.api.texts import one_line
from cli.errors import CommandError

#: Where the agents of the project are asked, and the runtimes elsewhere.
AGENTS: Final = "agents"
RUNTIMES: Final = "runtimes"

#: The API waits so long for a quick answer; then its progress can be seen.
_WAIT_S: Final = 10
#: Seconds between one look at an invocation and the next: the first ones, and all others.
_LOOKS: Final = (0.5, 1.0, 1.0, 2.0, 2.0)
_LATER_LOOKS_S: Final = 3.0
#: At most so long, whatever the API asks for.
_LONGEST_LOOK_S: Final = 10.0

#: States in which it is at work.
AT_WORK: Final = frozenset({"pending", "running"})
SUCCEEDED: Final = "succeeded"
WAITING: Final = "waiting"
ENDED: Final = frozenset({SUCCEEDED, "failed", "timed_out", "cancelled"})

_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,29}\.[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def new_key() -> str:
    """A key that no other request has, so that this one is worked on once."""
    return str(uuid.uuid4())


def id_of(agent: str, key: str) -> str:
    """The id that an invocation gets from its key, known before there is an answer."""
    return f"{agent}.k-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def is_id(text: str) -> bool:
    """Whether ``text`` may be an invocation's id."""
    return _ID.fullmatch(text) is not None


def path_of(invocation_id: str) -> str:
    """Where an invocation is."""
    return f"/invocations/{invocation_id}"


def ask(
    api: Api,
    agent: str,
    body: dict[str, Any],
    *,
    key: str,
    asynchronous: bool,
    below: str = AGENTS,
) -> dict[str, Any]:
    """Ask an agent, and return the invocation, ended or not.

    Args:
        api: The API.
        agent: Its name.
        body: What it is asked.
        key: Of this question.
        asynchronous: Whether nobody waits for the answer.
        below: Where it is asked: ``AGENTS`` or ``RUNTIMES``.

    Raises:
        CommandError: There is none.
    """
    prefer = "respond-async" if asynchronous else f"wait={_WAIT_S}"
    headers = {"Idempotency-Key": key, "Prefer": prefer}
    try:
        _, document = api.exchange(
            "POST", f"/{below}/{agent}/invocations", headers=headers, body=body
        )
    except ProblemError as failed:
        return ended_by(api, failed)
    return invocation_in(document)


def ended_by(api: Api, failed: ProblemError) -> dict[str, Any]:
    """The invocation that a problem is the end of.

    Raises:
        ProblemError: It is of none.
    """
    problem = failed.problem
    if not problem.ended or problem.invocation_id is None or not is_id(problem.invocation_id):
        raise failed
    try:
        return look(api, problem.invocation_id)
    except CommandError:
        # It ended; what its record would add is less than to say so.
        raise failed from None


def look(api: Api, invocation_id: str) -> dict[str, Any]:
    """Read an invocation.

    Raises:
        CommandError: There is none of the caller's, or it cannot be read.
    """
    return invocation_in(api.get(path_of(invocation_id)))


def follow(api: Api, invocation: dict[str, Any]) -> dict[str, Any]:
    """Look at an invocation until it has ended or asks a person; tells what it does meanwhile.

    Raises:
        CommandError: It cannot be read any more. It goes on.
    """
    looks = list(_LOOKS)
    said = ""
    while invocation["state"] in AT_WORK:
        now = progress_line(invocation)
        if now != said:
            tell(now)
            said = now
        api.pause(looks.pop(0) if looks else _LATER_LOOKS_S)
        reply, document = api.exchange("GET", path_of(str(invocation["id"])))
        invocation = invocation_in(document)
        if (asked := _retry_after(reply)) is not None:
            looks = [asked]
    return invocation


def progress_line(invocation: dict[str, Any]) -> str:
    """What an invocation at work is at."""
    progress = invocation.get("progress")
    if not isinstance(progress, dict):
        return f"{invocation['state']}"
    tools = progress.get("tools")
    called = progress.get("tool_calls", 0)
    line = (
        f"{invocation['state']}: {progress.get('model_calls', 0)} model calls, {called} tool calls"
    )
    if isinstance(tools, list) and tools:
        line += f", the last {', '.join(one_line(tool, 64) for tool in tools[-3:])}"
    return one_line(line)


def invocation_in(document: dict[str, Any]) -> dict[str, Any]:
    """Check what the API calls an invocation as far as it is relied on.

    Raises:
        Lost: It is none.
    """
    known = AT_WORK | ENDED | {WAITING}
    state, identity = document.get("state"), document.get("id")
    if not isinstance(identity, str) or not is_id(identity) or state not in known:
        raise Lost("What answers there is not the API: its answer is no invocation.")
    return document


def _retry_after(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after", "")
    return min(max(float(value), 0.5), _LONGEST_LOOK_S) if value.isdecimal() else None
