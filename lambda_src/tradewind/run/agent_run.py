"""One agent's run on one request: what it is given, and what comes of it."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tradewind.aws.deadline import Deadline
from tradewind.bedrock.retry import ModelRetries
from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.request import AgentRequest
from tradewind.run.cancellation import Cancellation
from tradewind.run.elsewhere import Elsewhere
from tradewind.run.events import Listener, ToolEnded, ToolStarted, nobody
from tradewind.run.options import RunOptions
from tradewind.run.output import RunOutput
from tradewind.run.pause import Asked, GoOn, Pause
from tradewind.run.project import Project
from tradewind.run.threads import RunThreads
from tradewind.run.transcript import Transcript
from tradewind.telemetry.log_fields import TOOL_BEGINS
from tradewind.telemetry.logger import get_logger

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

#: Model calls in one run, repeats aside. The agents need under ten; one that circles must not go
#: on until the function's timeout.
MAX_TURNS: Final = 30


@dataclass
class AgentRun:
    """A run, shared by the runner and the framework's adapter. Lives for one request.

    Attributes:
        prompt: What the user says.
        project: What the tools work on.
        deadline: When the run has to end.
        environment: Which model, and how to reach it.
        bedrock_client: The pooled client to call it with.
        options: What the caller wants otherwise than the agent's definition.
        history: The conversation's turns before this one, the oldest first.
        conversation: What tells its conversation from every other, also from an earlier one under
            the same id; empty where it is of none.
        listener: Who is told what happens while it happens.
        stop: Set at the deadline, on a cancellation, and when the request has failed: no further
            model call.
        cancellation: Whether ``cancel`` was called, and what ends the run then.
        output: What the answer's output has to be, and what it is; None where none is wanted.
        retries: What says whether to repeat a failed model call.
        threads: What its work runs in.
        transcript: What the model has said.
        tool_calls: Tool calls that the model made, those that were refused included.
        replies: Those of them whose result is a person's answer: no tool began.
        tools_succeeded: Those that ended well.
        new_messages: What a run that has ended well adds to its conversation; None where the
            framework left no whole one.
        goes_on: What it goes on from; None for a run that begins.
        request: What the prompt was made of; None outside of a request.
        elsewhere: What was done of it by another process; None where nothing was.
        pause: Where it has ended, if it asks a person.
        text: The agent's answer; all it had said when the run was stopped or failed.
        stopped: Whether the deadline ended the run.

    Raises:
        InvalidRequest: The options' output schema is none.
    """

    prompt: str
    project: Project
    deadline: Deadline
    environment: ModelEnvironment
    bedrock_client: "BedrockRuntimeClient"
    options: RunOptions = field(default_factory=RunOptions)
    history: Sequence[PastTurn] = ()
    conversation: str = ""
    listener: Listener = nobody
    stop: threading.Event = field(default_factory=threading.Event)
    cancellation: Cancellation = field(default_factory=Cancellation)
    output: RunOutput | None = field(init=False)
    retries: ModelRetries = field(init=False)
    threads: RunThreads = field(init=False)
    transcript: Transcript = field(init=False)
    tool_calls: int = 0
    replies: int = 0
    tools_succeeded: int = 0
    new_messages: TurnMessages | None = None
    goes_on: GoOn | None = None
    request: AgentRequest | None = None
    elsewhere: Elsewhere | None = None
    pause: Pause | None = None
    text: str = ""
    stopped: bool = False
    _started: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.output = self.options.output()
        self.retries = ModelRetries(self.deadline)
        self.threads = RunThreads(self.environment.max_connections)
        self.transcript = Transcript(self.listener)

    def cancel(self) -> None:
        """End the run at its next await, with what there is. From any thread, at any time.

        What does not end then is left behind as at the deadline.
        """
        self.cancellation.request()

    def tool_started(self, call_id: str, tool: str) -> None:
        """Count a call that the model made."""
        self.tool_calls += 1
        self._started.add(call_id)
        self.listener(ToolStarted(call_id, tool))

    def tool_begins(self, tool: str) -> None:
        """Log that one of the agent's tools begins: all that a request killed in it leaves of it.

        Args:
            tool: A tool that there is. What else a model calls may be anybody's words.
        """
        get_logger().info(TOOL_BEGINS, tool=tool)

    def ask(self, pause: Pause, waiting: Iterable[str]) -> None:
        """End here, with a question.

        Args:
            pause: Where it ends.
            waiting: The calls that wait; they are counted when they go on.
        """
        self.pause = pause
        self.tool_calls -= len(self._started.intersection(waiting))

    def answered(self, asked: Asked) -> None:
        """Count a call whose answer is its result."""
        self.replies += 1
        self.tool_started(asked.call_id, asked.tool)
        self.tool_ended(asked.call_id, asked.tool, succeeded=True)

    def tool_ended(self, call_id: str, tool: str, *, succeeded: bool) -> None:
        """Note how a call that was started ended."""
        self.tools_succeeded += succeeded
        self.listener(ToolEnded(call_id, tool, succeeded=succeeded))

    @property
    def tool_errors(self) -> int:
        """Tool calls that did not end well: refused, failed, or left behind with the run."""
        return self.tool_calls - self.tools_succeeded
