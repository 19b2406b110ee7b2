"""What a request goes on from that has asked a person, as its record keeps it.

It holds the whole question of the caller, too: whoever brings the answer knows only where it goes.
"""

import gzip
import json
import zlib
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tradewind.contracts.errors import AgentChanged, AnswerTooLarge
from tradewind.contracts.request import AgentRequest
from tradewind.contracts.response import Usage
from tradewind.run.pause import Asked, FrameworkState, GoOn, Pause
from tradewind.run.project_state import ProjectState

#: Of the form that is written here.
VERSION: Final = 1
#: Bytes of it when packed. DynamoDB takes 409,600 in an item; the rest is the other attributes',
#: question and answer among them.
KEPT_LIMIT: Final = 340_000


class Continuation(BaseModel):
    """What a later run of the request begins with.

    Attributes:
        version: Of this form.
        request: What the caller asked, as it came.
        format: Whose ``state`` it is; see ``FrameworkState``.
        state: What the framework goes on from.
        asked: The calls that wait: their ids, tools and questions, in the order of asking.
        answers: To those that are answered by now, by call.
        project: See ``ProjectState``.
        usage: Until now.
        call_tokens: Input and output tokens of each model call until now.
        committed_nano: What the model calls count as spent until now, in nanodollars.
        asked_at: When the caller's question came, in epoch seconds.
        epoch: Its conversation's, whose words are in ``state``; None where it is of none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    request: dict[str, Any]
    format: str
    state: dict[str, Any]
    asked: list[tuple[str, str, str]]
    answers: dict[str, str]
    project: Any
    usage: Usage
    call_tokens: list[tuple[int, int]]
    committed_nano: int
    asked_at: float
    epoch: str | None

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what ``pack`` wrote.

        Raises:
            AgentChanged: It was written in another form.
        """
        try:
            values = json.loads(gzip.decompress(packed))
            if values["version"] != VERSION:
                raise AgentChanged("The agent has changed since it asked: it cannot go on.")
            return cls.model_validate(values)
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, ValidationError):
            raise AgentChanged("What the agent goes on from cannot be read.") from None

    def pack(self) -> bytes:
        """Pack it for the record.

        Raises:
            AnswerTooLarge: It is over its limit.
        """
        # Half of a surrogate pair in a question stays what it is.
        packed = gzip.compress(json.dumps(self.model_dump()).encode(), mtime=0)
        if len(packed) > KEPT_LIMIT:
            raise AnswerTooLarge(
                f"What the agent would go on from has {len(packed)} bytes when compressed; its "
                f"record keeps at most {KEPT_LIMIT}. It cannot ask a person."
            )
        return packed

    def with_answer(self, answer: str) -> Self:
        """The same, with an answer to what is asked next."""
        return self.model_copy(update={"answers": {**self.answers, self.asks_next[0]: answer}})

    @property
    def asks_next(self) -> tuple[str, str, str]:
        """The first call that has no answer.

        Raises:
            AgentChanged: They all have one.
        """
        for call in self.asked:
            if call[0] not in self.answers:
                return call
        raise AgentChanged("What the agent goes on from cannot be read.")

    @property
    def is_answered(self) -> bool:
        """Whether the run can go on."""
        return all(call_id in self.answers for call_id, _, _ in self.asked)

    @property
    def asks(self) -> AgentRequest:
        """What the caller asked.

        Raises:
            AgentChanged: It is no request as the agent takes them now.
        """
        try:
            return AgentRequest.model_validate(self.request)
        except ValidationError:
            raise AgentChanged("The agent takes other requests since it asked.") from None

    @property
    def left(self) -> ProjectState:
        """What the request had read and left. Raises: see ``ProjectState.load``."""
        return ProjectState.load(self.project)

    @property
    def goes_on(self) -> GoOn:
        """What the run is given."""
        calls = tuple(Asked(*call) for call in self.asked)
        return GoOn(Pause(FrameworkState(self.format, self.state), calls), self.answers)
