"""The API's operations, each repeated where an answer is lost and a repeat changes nothing."""

from collections.abc import Callable, Mapping
from time import sleep
from typing import Any, Final

import click

from cli.api.connection import Connection, Lost, NotSent, Reply
from cli.api.problems import Problem, problem_of
from cli.errors import CommandError

#: Seconds between one try and the next.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
#: Seconds that all pauses of one request may take, however long the API asks to wait.
_PATIENCE_S: Final = 60.0
_REDIRECT, _ERROR = 300, 400
_NO_CONTENT: Final = 204


def tell(line: str) -> None:
    """Say something beside the result, to standard error."""
    click.echo(line, err=True)


class Repeats:
    """How often, and after how long, one request is sent again."""

    def __init__(self, pause: Callable[[float], None]) -> None:
        self._pause = pause
        self._pauses = list(_PAUSES)
        self._left_s = _PATIENCE_S

    def again(self, failure: CommandError, retry_after_s: float | None = None) -> None:
        """Wait until the next try.

        Raises:
            CommandError: ``failure``: there have been enough, or the wait would be too long.
        """
        if not self._pauses:
            raise failure
        usual_s = self._pauses.pop(0)
        wait_s = usual_s if retry_after_s is None else max(retry_after_s, 0.1)
        if wait_s > self._left_s:
            raise failure
        self._left_s -= wait_s
        tell(f"{failure} Once more in {wait_s:.0f} s.")
        self._pause(wait_s)


class ProblemError(CommandError):
    """The API refused, or says how an invocation failed."""

    def __init__(self, problem: Problem) -> None:
        error = problem.error()
        super().__init__(str(error))
        self.problem = problem
        self.status = error.status


class Api:
    """The API at an address, for one caller.

    Attributes:
        heard: Whether it has answered anything yet.
    """

    def __init__(
        self, connection: Connection, pause: Callable[[float], None] | None = None
    ) -> None:
        self.connection = connection
        self.pause = pause or sleep
        self.heard = False

    def get(self, path: str) -> dict[str, Any]:
        """Read something.

        Raises:
            CommandError: It cannot be had.
        """
        return self.exchange("GET", path)[1]

    def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        repeatable: bool = True,
    ) -> tuple[Reply, dict[str, Any]]:
        """Send a request until its answer comes whole.

        Args:
            method: Of HTTP.
            path: Below the API's root.
            headers: Besides those of the signature.
            body: The JSON object to send.
            repeatable: Whether a repeat changes nothing. A request that never left is repeated
                anyway, once the API is known to be there.

        Returns:
            The answer, and the JSON object in it; an empty one where the answer has no content.

        Raises:
            ProblemError: The API refuses.
            Unreachable: No whole answer came.
        """
        repeats = Repeats(self.pause)
        while True:
            after: float | None = None
            try:
                reply = self.connection.send(method, path, headers=dict(headers or {}), body=body)
                self.heard = True
                return reply, content_of(reply)
            except NotSent as error:
                if not self.heard:
                    raise
                failure: CommandError = error
            except Lost as error:
                if not repeatable:
                    raise
                failure = error
            except ProblemError as error:
                problem = error.problem
                if not (problem.too_much or (problem.nobodys and repeatable)):
                    raise
                failure, after = error, problem.retry_after_s
            repeats.again(failure, after)


def content_of(reply: Reply) -> dict[str, Any]:
    """The JSON object of an answer that is no error.

    Raises:
        ProblemError: It is one.
        Lost: It is not the API's.
        CommandError: It leads elsewhere.
    """
    if reply.status >= _ERROR:
        raise ProblemError(problem_of(reply))
    if reply.status >= _REDIRECT:
        raise CommandError(
            f"The API's address leads elsewhere ({reply.status}): signed requests do not follow. "
            "Is it right?"
        )
    if reply.status == _NO_CONTENT:
        return {}
    document = reply.document()
    if not isinstance(document, dict):
        raise Lost(
            f"What answers there is not the API: {reply.content_type or 'nothing'} where JSON "
            "should be. Is its address right, and is no proxy between?"
        )
    return document
