"""What a runtime answers, heard event by event, and left in the run."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import ValidationError

from tradewind.agentcore.answers import RuntimeEvent, Text
from tradewind.contracts.errors import (
    AnswerTooLarge,
    InternalError,
    NobodyToAsk,
    RuntimeAnswerUnreadable,
    RuntimeFailed,
    TradewindError,
    every_error,
)
from tradewind.contracts.names import artifact_key
from tradewind.contracts.prices import NANO
from tradewind.contracts.response import AgentAnswer, Usage
from tradewind.run.agent_run import AgentRun
from tradewind.run.elsewhere import Elsewhere
from tradewind.run.transcript import Transcript
from tradewind.runtime_agent.texts import said_in

#: Characters of all that an answer says; more leaves no function.
MAX_SAID: Final = 6_000_000
#: What an agent of this project says while it works, by the events' names: see docs/streaming.md.
_TOLD_BY_OWN: Final = frozenset({"invocation", "tool_start", "tool_end"})
_RESTART: Final = "restart"
_MESSAGE_END: Final = "message_end"
#: A figure above this is a slip, or worse.
_MOST_USD: Final = 1_000_000.0
_MOST_TOKENS: Final = 10**12
#: Of what an agent says is wrong, as much is repeated.
_SHOWN_LENGTH: Final = 1000


class Hearing:
    """One answer.

    Args:
        run: Whose work it is.
        agent: The agent of this project that answers; None for somebody else's, whose word on the
            project's files counts for nothing.
    """

    def __init__(self, run: AgentRun, agent: str | None) -> None:
        self._run = run
        self._agent = agent
        self._message = _Message(run.transcript)
        #: Values that hold no words, as JSON: the answer of an agent that says nothing else.
        self._values: list[str] = []
        self._last: Any = None
        self._usage: Usage | None = None
        self._answer: AgentAnswer | None = None
        self._size = 0

    def hear(self, event: RuntimeEvent) -> None:
        """Take the next event.

        Raises:
            AnswerTooLarge: It is more than a function delivers.
            RuntimeFailed: It says that the agent failed, and not as these agents do.
        """
        if isinstance(event, Text):
            self._count(event.text)
            self._message.write(event.text)
            return
        value, name = event.data, event.event
        answer = _answer_in(value)
        if answer is not None:
            self._answer = answer
            return
        if _says_failed(value):
            raise RuntimeFailed("The agent failed, in words that cannot be read.")
        if name in _TOLD_BY_OWN:
            return
        if value == {} and name in (_RESTART, _MESSAGE_END):
            self._message.restart() if name == _RESTART else self._message.end()
            return
        self._hear_value(value)

    def _hear_value(self, value: Any) -> None:
        self._usage = _usage_in(value) or self._usage
        said = said_in(value)
        if said is None:
            self._last = value
            shown = json.dumps(value, ensure_ascii=False)
            self._count(shown)
            if not self._message.has_words:
                self._values.append(shown)
            return
        self._count(said.text)
        if not said.whole:
            self._message.write(said.text)
        elif not self._message.in_pieces:  # what was streamed is not said twice
            self._last = value
            self._message.whole(said.text)

    def _count(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_SAID:
            raise AnswerTooLarge(f"The answer has more than {MAX_SAID:,} characters.")

    @property
    def cost_nano(self) -> int | None:
        """What the answer says that it cost, in nanodollars; None where it does not."""
        usage = self._answer.usage if self._answer is not None else self._usage
        if usage is None or usage.cost_usd is None or not 0 <= usage.cost_usd <= _MOST_USD:
            return None
        return math.ceil(usage.cost_usd * NANO)

    def end(self) -> Any:
        """Leave in the run what the answer was, all of it.

        Returns:
            What its output would be, of a run that wants one.

        Raises:
            TradewindError: The agent says that it failed, or asks a person.
        """
        if self._answer is not None:
            return self._end_with(self._answer)
        if self._usage is not None:
            self._run.elsewhere = Elsewhere(self._usage)
        self._message.end()
        if not self._message.has_words:
            if not self._values:
                raise RuntimeFailed("The agent ended without a word.")
            self._message.whole("\n".join(self._values))
        return self._output()

    def _output(self) -> Any:
        """The last value that is not words alone; or the words, where these are one."""
        if self._last is not None or self._run.output is None:
            return self._last
        try:
            return json.loads(self._run.transcript.last_message)
        except ValueError:
            return None

    def _end_with(self, answer: AgentAnswer) -> Any:
        """End with the answer of an agent of this project, or of one that answers as they do."""
        run, own = self._run, self._agent is not None
        artifacts = answer.artifacts if own else []
        place = artifact_key(run.project.project_id, self._agent or "", "")
        if any(not one.key.startswith(place) for one in artifacts):
            raise RuntimeAnswerUnreadable("The answer names files that are not its agent's.")
        run.elsewhere = Elsewhere(
            usage=_bounded(answer.usage),
            artifacts=artifacts,
            facts=answer.facts if own else {},
            counted_there=own,
        )
        self._message.end()
        if answer.response.strip() and answer.response.strip() != run.transcript.last_message:
            self._message.whole(answer.response)
        if answer.error is not None:
            told = answer.error
            if not own:  # what our codes mean, such as that nobody is to be alarmed, is not its say
                raise _failed_with(told.code, told.message)
            raise _failure(told.code, told.message, told.extensions)
        if answer.question is not None:
            raise NobodyToAsk("The agent asks a person, and nobody can be asked for a runtime.")
        if not answer.success:
            raise RuntimeFailed("The agent failed, and did not say why.")
        return answer.output


class _Message:
    """The message that is being said."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._begun = False
        #: Whether anything was said in pieces, and whether anything was said at all.
        self.in_pieces = False
        self.has_words = False

    def write(self, text: str) -> None:
        if not self._begun:
            self._transcript.begin_message()
        self._begun = self.in_pieces = True
        self.has_words = self.has_words or bool(text.strip())
        self._transcript.write(text)

    def restart(self) -> None:
        if self._begun:
            self._transcript.begin_message()

    def end(self) -> None:
        if self._begun:
            self._transcript.end_message()
        self._begun = False

    def whole(self, text: str) -> None:
        self._transcript.begin_message()
        self._transcript.write(text)
        self._transcript.end_message()
        self.has_words = self.has_words or bool(text.strip())


def _answer_in(value: Any) -> AgentAnswer | None:
    if not isinstance(value, dict) or "success" not in value or "response" not in value:
        return None
    try:
        return AgentAnswer.model_validate(value)
    except ValidationError:
        return None


def _says_failed(value: Any) -> bool:
    """Whether a value is an answer that says of itself that it is none."""
    return isinstance(value, dict) and value.get("success") is False and "response" in value


def _usage_in(value: Any) -> Usage | None:
    """What a value says of tokens and money, as far as it says it as these agents do."""
    told = value.get("usage") if isinstance(value, dict) else None
    if not isinstance(told, Mapping):
        return None
    counts = {
        name: told[name]
        for name in Usage.model_fields
        if name != "cost_usd" and _is_count(told.get(name))
    }
    cost: Any = told.get("cost_usd")
    known = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost <= _MOST_USD
    return Usage(**counts, cost_usd=float(cost) if known else None)


def _bounded(usage: Usage) -> Usage:
    """The same without figures that cannot be."""
    return _usage_in({"usage": usage.model_dump()}) or Usage()


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS


def _failure(code: str, message: str, extensions: Mapping[str, Any]) -> TradewindError:
    kind = _errors().get(code)
    if kind is None:
        return _failed_with(code, message)
    return kind(message, extensions=extensions)


def _failed_with(code: str, message: str) -> RuntimeFailed:
    return RuntimeFailed(f"{code}: {message}"[:_SHOWN_LENGTH])


@cache
def _errors() -> Mapping[str, type[TradewindError]]:
    """The errors that mean the same here. Of several with one code, the first: others refine it."""
    known: dict[str, type[TradewindError]] = {}
    for kind in every_error():
        known.setdefault(kind.code, kind)
    # A defect there is none here: this log has not its cause.
    del known[InternalError.code]
    return known
