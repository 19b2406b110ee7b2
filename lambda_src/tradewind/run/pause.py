"""A run that asks a person: what ends it, and what another one goes on from.

A tool asks in its framework's own way. The run ends there, in good order: what its other tools did
is done, and the call that asks waits. The framework's adapter says what was asked and what to go on
from; a later run of the same request, perhaps in another process, is given both with the answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.contracts.errors import AgentChanged, ToolInputError
from tradewind.contracts.texts import is_well_formed
from tradewind.run.project import Project

#: Characters of a question.
MAX_QUESTION_LENGTH: Final = 4_000
NOBODY: Final = "Nobody can be asked now. Go on without, and say what is missing."


@dataclass(frozen=True)
class Asked:
    """A tool's call that waits for a person.

    Attributes:
        call_id: Names it for the framework.
        tool: Which tool.
        text: The question.
    """

    call_id: str
    tool: str
    text: str


@dataclass(frozen=True)
class FrameworkState:
    """What a framework goes on from.

    Attributes:
        format: Whose it is, and of which form; only who wrote it reads it.
        values: As JSON values.
    """

    format: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Pause:
    """Where a run has ended that asks.

    Attributes:
        state: What to go on from.
        asked: The calls that wait; at least one.
    """

    state: FrameworkState
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class GoOn:
    """What a run begins with that goes on.

    Attributes:
        pause: Where the earlier one has ended.
        answers: To each of its calls, by ``call_id``.
    """

    pause: Pause
    answers: Mapping[str, str]

    def values(self, wanted_format: str, tools: set[str]) -> Mapping[str, Any]:
        """What a framework's adapter goes on from.

        Args:
            wanted_format: The one that it reads.
            tools: The tools that the agent has now.

        Raises:
            AgentChanged: It is of another form, or a tool that asked is gone.
        """
        if self.pause.state.format != wanted_format:
            raise AgentChanged("The agent has changed since it asked: it cannot go on from there.")
        gone = sorted({asked.tool for asked in self.pause.asked} - tools)
        if gone:
            raise AgentChanged(f"The agent has changed since it asked: {gone[0]} is gone.")
        return self.pause.state.values


def check_question(project: Project, tool: str, text: object) -> str:
    """Check what a tool is about to ask.

    Returns:
        The question.

    Raises:
        ToolInputError: Nobody can be asked, or not this; the message tells the model.
    """
    if not project.may_ask:
        raise ToolInputError(NOBODY)
    if not isinstance(text, str) or not text.strip():
        raise ToolInputError(f"The question of {tool} is empty.")
    if len(text) > MAX_QUESTION_LENGTH:
        raise ToolInputError(
            f"The question of {tool} has {len(text)} characters; at most {MAX_QUESTION_LENGTH} "
            "are taken. Ask more briefly."
        )
    if not is_well_formed(text):
        raise ToolInputError(f"In the question of {tool} there is half of a surrogate pair.")
    return text
