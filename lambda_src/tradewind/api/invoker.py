"""Has an agent's function work on a request that is recorded.

However often it is told to, the function works once: only the first of its events finds the record
pending. So whatever is not known to have arrived is sent again.
"""

import json
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.deadline import calls_within
from tradewind.contracts.errors import DeadlineExceeded, StorageAccessDenied
from tradewind.contracts.names import LIVE_ALIAS, function_name
from tradewind.telemetry.logger import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda import LambdaClient

#: An event is handed to Lambda so often before it is given up; each time anew.
_HANDINGS: Final = 3
_THROTTLES: Final = frozenset({"TooManyRequestsException", "EC2ThrottledException"})


class Handed(Enum):
    """What became of an event."""

    #: The function has ended, or the event waits in Lambda's queue for it.
    DONE = auto()
    #: Nobody knows; the record does.
    UNKNOWN = auto()
    #: The agent takes no further request now.
    REFUSED = auto()
    #: It is larger than Lambda takes in this way.
    TOO_LARGE = auto()


class Invoker:
    """Invokes the agents' functions.

    Args:
        environment: The environment's name.
        client: A client that sends each call once.
    """

    def __init__(self, environment: str, client: "LambdaClient") -> None:
        self._environment = environment
        self._client = client

    def work(
        self, agent: str, event: Mapping[str, Any], time_left_s: "Callable[[], float]"
    ) -> tuple[Handed, Mapping[str, Any] | None]:
        """Have the function work, and wait for it.

        When the time is over the connection is closed, and the function goes on: Lambda stops none
        whose caller has left.

        Args:
            agent: Whose function.
            event: What it gets.
            time_left_s: Tells how long to wait from now.

        Returns:
            What became of it, and the function's answer where it gave one.

        Raises:
            StorageAccessDenied: The API may not invoke the function.
        """
        with calls_within(time_left_s):
            handed, reply = self._invoke(agent, event, "RequestResponse")
        return handed, reply

    def queue(self, agent: str, event: Mapping[str, Any]) -> Handed:
        """Leave the event to Lambda's queue, which hands it to the function.

        Raises:
            StorageAccessDenied: As ``work``.
        """
        handed = Handed.UNKNOWN
        for _ in range(_HANDINGS):
            handed, _reply = self._invoke(agent, event, "Event")
            if handed is not Handed.UNKNOWN:
                break
        return handed

    def _invoke(
        self, agent: str, event: Mapping[str, Any], kind: Any
    ) -> tuple[Handed, Mapping[str, Any] | None]:
        try:
            reply = self._client.invoke(
                FunctionName=f"{function_name(self._environment, agent)}:{LIVE_ALIAS}",
                InvocationType=kind,
                Payload=_encoded(event),
            )
            payload = reply["Payload"].read()
        except ClientError as error:
            return self._refused(error), None
        except DeadlineExceeded:
            return Handed.UNKNOWN, None
        except (BotoCoreError, OSError) as error:
            get_logger().warning("Invocation of unknown end", reason=type(error).__name__)
            return Handed.UNKNOWN, None
        if reply.get("FunctionError") or kind == "Event":
            return Handed.DONE, None
        try:
            document = json.loads(payload)
        except ValueError:
            return Handed.DONE, None
        return Handed.DONE, document if isinstance(document, dict) else None

    def _refused(self, error: ClientError) -> Handed:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _THROTTLES:
            return Handed.REFUSED
        if code == "RequestTooLargeException":
            return Handed.TOO_LARGE
        if code == "AccessDeniedException":
            raise StorageAccessDenied("The API may not invoke the agent's function.") from error
        get_logger().warning("Invocation of unknown end", reason=code)
        return Handed.UNKNOWN


def _encoded(event: Mapping[str, Any]) -> bytes:
    """As short as can be: Lambda counts bytes."""
    try:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(event, separators=(",", ":")).encode()
