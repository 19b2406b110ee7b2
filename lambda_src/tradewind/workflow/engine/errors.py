"""How a run can end, other than well.

::

    WorkflowError                exit code
    +-- RunFailed                10   (a model, a tool, or the workflow's own logic)
    |   +-- AgentFailed               an agent could not answer
    |   |   +-- Retryable             not this time: the engine asks again
    |   +-- PatternFailed             a reply of the wrong shape, a score never reached, ...
    +-- InvalidRun               3    what the run was given does not fit the file
    +-- ArtifactFailed           12   a result cannot be written as the file says
    +-- AnswerUnusable           17   a person's answer is missing, or not one that was asked for
    +-- Unsupported              18   valid, but more than this engine does
    +-- BudgetSpent              20   the run may use no more
"""

from typing import ClassVar, Final

#: The exit code of a run that waits for a person, which is no error.
PAUSED_EXIT: Final = 19


class WorkflowError(Exception):
    """Base of the tree. The message is one line, for whoever started the run."""

    exit_code: ClassVar[int] = 70


class RunFailed(WorkflowError):
    """The run went wrong."""

    exit_code = 10


class AgentFailed(RunFailed):
    """An agent could not answer, and asking again would not help."""


class Retryable(AgentFailed):
    """An agent could not answer this time: a timeout, a lost connection, throttling, a 5xx."""


class PatternFailed(RunFailed):
    """Agents answered, but not so that the workflow can go on."""


class InvalidRun(WorkflowError):
    """What the run was given does not fit the file. No model was called."""

    exit_code = 3


class ArtifactFailed(WorkflowError):
    """A result cannot be written as the file says."""

    exit_code = 12


class AnswerUnusable(WorkflowError):
    """A person's answer is missing, or is not one that was asked for. The run stays paused."""

    exit_code = 17


class Unsupported(WorkflowError):
    """The file is valid, but asks for more than this engine does. No model was called."""

    exit_code = 18


class BudgetSpent(WorkflowError):
    """A budget of the run is used up."""

    exit_code = 20
