"""What a run has done so far: all that is needed to go on with it.

The state is plain values of JSON. A step that is in ``done`` is never run again: when a run is
resumed, its patterns are gone through from the start, and what is done is taken from here.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tradewind.workflow.engine.errors import AnswerUnusable
from tradewind.workflow.text.faults import BadText, TooMuchWork
from tradewind.workflow.text.patterns import search

#: A step's result: ``response``, and what else its kind has.
Record = dict[str, Any]
#: The answer when nobody gave one in time and there is no default.
TIMEOUT_EXPIRED: Final = "timeout_expired"


@dataclass(slots=True)
class Spent:
    """What a run has used, over all its agents and all its resumptions."""

    steps: int = 0
    tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class Pause:
    """A question to a person.

    Attributes:
        key: Of the step that asks.
        prompt: The question.
        context: What the person needs to see for it; empty if nothing.
        asked_at: When it was asked, in seconds since 1970.
        default: The answer when none comes in time, or an empty one.
        timeout_s: How long it is waited for; 0 is for ever.
        pattern: A regular expression that the answer must match.
        choices: The answers there are to choose from; empty if any will do.
    """

    key: str
    prompt: str
    context: str
    asked_at: float
    default: str | None = None
    timeout_s: float = 0.0
    pattern: str | None = None
    choices: tuple[str, ...] = ()

    def has_expired(self, now: float) -> bool:
        """Whether it is too late for an answer."""
        return self.timeout_s > 0 and now >= self.asked_at + self.timeout_s

    def accept(self, answer: str | None, now: float) -> str:
        """The answer that counts.

        Args:
            answer: What the person said; None for nothing.
            now: Seconds since 1970.

        Raises:
            AnswerUnusable: There is none yet, or it is not one that was asked for.
        """
        if self.has_expired(now):
            return TIMEOUT_EXPIRED if self.default is None else self.default
        if answer is None:
            raise AnswerUnusable("the run waits for an answer, and none was given")
        if not answer.strip() and self.default is not None:
            answer = self.default
        if self.choices:
            chosen = answer.strip()
            chosen = chosen.lower() if chosen.lower() in self.choices else chosen
            if chosen not in self.choices:
                raise AnswerUnusable(f"the answer must be one of: {', '.join(self.choices)}")
            return chosen
        if self.pattern is not None and not _fits(self.pattern, answer):
            raise AnswerUnusable(f"the answer must match {self.pattern}")
        return answer


def _fits(pattern: str, answer: str) -> bool:
    try:
        return search(pattern, answer) is not None
    except (BadText, TooMuchWork) as error:
        raise AnswerUnusable(f"the answer cannot be held to {pattern}: {error}") from None


@dataclass(slots=True)
class State:
    """A run's state.

    Attributes:
        done: The results of the steps that are done, by key, in the order in which they ended.
        spent: What was used.
        conversations: What agents remember, where their conversations go on.
        paused: The question that the run waits with.
    """

    done: dict[str, Record] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    conversations: dict[str, Any] = field(default_factory=dict)
    paused: Pause | None = None

    def answer(self, answer: str | None, now: float) -> None:
        """Answer the question that the run waits with.

        Raises:
            AnswerUnusable: There is no answer yet, it is not one that was asked for, or nothing
                was asked.
        """
        pause = self.paused
        if pause is None:
            raise AnswerUnusable("the run waits for no answer")
        response = pause.accept(answer, now)
        self.done[pause.key] = {"type": "hitl", "prompt": pause.prompt, "response": response}
        self.paused = None

    def forget(self, part: str) -> None:
        """Forget what a part's steps gave: they are run again."""
        for key in [key for key in self.done if key.startswith(f"{part}/")]:
            self.done.pop(key)

    def to_json(self) -> dict[str, Any]:
        """As plain values of JSON; they are the state's own, not copies."""
        return {
            "done": self.done,
            "spent": asdict(self.spent),
            "conversations": self.conversations,
            "paused": None if self.paused is None else asdict(self.paused),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "State":
        """The state that ``to_json`` gave.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        paused = data["paused"]
        if paused is not None:
            paused = Pause(**{**paused, "choices": tuple(paused["choices"])})
        return cls(
            done=dict(data["done"]),
            spent=Spent(**data["spent"]),
            conversations=dict(data["conversations"]),
            paused=paused,
        )


class Paused(Exception):
    """A step asks a person, and nobody has answered yet."""

    def __init__(self, pause: Pause) -> None:
        super().__init__(pause.key)
        self.pause = pause


#: Told when a step is in the state.
Save = Callable[[State], None]
