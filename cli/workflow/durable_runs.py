"""Runs past one Lambda, as the durable service tells of them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cli.api.aws import aws_failures
from cli.errors import CommandError
from tradewind.durable.documents import Left, Start
from tradewind.workflow.engine import errors
from tradewind.workflow.engine.errors import PAUSED_EXIT, AnswerUnusable, WorkflowError
from tradewind.workflow.engine.state import Pause

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: What an execution may be called.
_RUN_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
#: Somebody may pause an execution in the console, and let it go on.
_OPEN: Final = ("RUNNING", "PAUSING", "PAUSED")
_SUCCEEDED: Final = "SUCCEEDED"
_RUNNING_EXIT: Final = 4
_FAILED_EXIT: Final = 10
_NO_RUN_EXIT: Final = 17


class NoSuchRun(CommandError):
    """There is no such run, or it waits for nobody."""

    status = _NO_RUN_EXIT


@dataclass
class Question:
    """A question that a run waits with.

    Attributes:
        callback_id: What the answer is sent to.
        pause: The question.
    """

    callback_id: str
    pause: Pause


@dataclass
class RunSeen:
    """A run.

    Attributes:
        run_id: Its id.
        status: The service's word for how it is.
        done: The calls that are answered, by the names of their operations.
        at_work: The calls that are not.
        question: What it waits with; None for nothing.
        left: What it left, if it is done.
        error: What it failed with: the kind, and a line.
    """

    run_id: str
    status: str
    done: list[str] = field(default_factory=list)
    at_work: list[str] = field(default_factory=list)
    question: Question | None = None
    left: Left | None = None
    error: tuple[str, str] | None = None

    @property
    def exit_status(self) -> int:
        """The exit status that says the same, as of a run on this machine."""
        if self.status == _SUCCEEDED:
            return 0
        if self.status in _OPEN:
            return _RUNNING_EXIT if self.question is None else PAUSED_EXIT
        kind = getattr(errors, self.error[0].rpartition(".")[2], None) if self.error else None
        if isinstance(kind, type) and issubclass(kind, WorkflowError):
            return kind.exit_code
        return _FAILED_EXIT

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        question = None if self.question is None else asdict(self.question.pause)
        left = None if self.left is None else self.left.to_json()
        return {
            "run": self.run_id,
            "status": self.status.lower(),
            "done": self.done,
            "at_work": self.at_work,
            "question": question,
            "error": None if self.error is None else self.error[1],
            **({} if left is None else {"result": left}),
        }


class DurableRuns:
    """The runs of one environment.

    Args:
        client: Lambda's.
        function: The durable function, with the alias.
    """

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    @contextmanager
    def _calls(self, what: str) -> Iterator[None]:
        try:
            with aws_failures(what):
                yield
        except CommandError as error:
            cause = error.__cause__
            code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
            if code != "ResourceNotFoundException":
                raise
            raise CommandError(
                f"{what}: {self._function} is not deployed. It is where the settings name "
                "workflows under `workflows.durable`."
            ) from cause

    def start(self, start: Start) -> None:
        """Start a run. One that was started under its id with the same is the same run.

        Raises:
            CommandError: It cannot be started.
        """
        if not _RUN_ID.fullmatch(start.run_id):
            raise CommandError("a run's id has up to 64 letters, digits, - and _")
        with self._calls("The run cannot be started"):
            self._client.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                DurableExecutionName=start.run_id,
                Payload=json.dumps(start.to_json()).encode(),
            )

    def see(self, run_id: str) -> RunSeen:
        """How a run is.

        Raises:
            NoSuchRun: There is none.
            CommandError: The service does not say.
        """
        arn = self._arn(run_id)
        with self._calls("The run cannot be looked up"):
            found = self._client.get_durable_execution(DurableExecutionArn=arn)
            run = RunSeen(run_id, found["Status"])
            self._read_history(run, arn)
        if run.status == _SUCCEEDED:
            run.left = Left.from_json(json.loads(found["Result"]))
        elif run.status not in _OPEN:
            error = found.get("Error", {})
            kind, told = error.get("ErrorType") or "", error.get("ErrorMessage") or ""
            run.error = (kind, " ".join(told.split()) or run.status.lower())
        return run

    def answer(self, run_id: str, text: str, now: float) -> None:
        """Answer the question that a run waits with.

        Raises:
            NoSuchRun: There is no such run, it waits for no answer, or this is not one that was
                asked for.
        """
        question = self.see(run_id).question
        if question is None:
            raise NoSuchRun(f"The run {run_id} waits for no answer.")
        try:
            question.pause.accept(text, now)
        except AnswerUnusable as unusable:
            raise NoSuchRun(f"The run {run_id} still waits: {unusable}.") from None
        with self._calls("The answer cannot be sent"):
            self._client.send_durable_execution_callback_success(
                CallbackId=question.callback_id, Result=json.dumps(text).encode()
            )

    def stop(self, run_id: str) -> None:
        """End a run. What agents are at, they finish; nobody asks for it.

        Raises:
            NoSuchRun: There is none.
        """
        arn = self._arn(run_id)
        with self._calls("The run cannot be stopped"):
            self._client.stop_durable_execution(
                DurableExecutionArn=arn,
                Error={"ErrorType": "Stopped", "ErrorMessage": "it was stopped"},
            )

    def _arn(self, run_id: str) -> str:
        # A run stays on its version, whatever the alias stands for by now.
        name = self._function.partition(":")[0]
        if _RUN_ID.fullmatch(run_id):
            with self._calls("The runs cannot be looked up"):
                found = self._client.list_durable_executions_by_function(
                    FunctionName=name, DurableExecutionName=run_id
                )
            for execution in found.get("DurableExecutions", []):
                if execution["DurableExecutionName"] == run_id:
                    return execution["DurableExecutionArn"]
        raise NoSuchRun(f"There is no run {run_id} past one Lambda here.")

    def _read_history(self, run: RunSeen, arn: str) -> None:
        questions: dict[str, Pause] = {}
        waiting: dict[str, str] = {}
        calls: dict[str, bool] = {}
        for event in self._events(arn):
            name, kind = event.get("Name", ""), event["EventType"]
            if kind == "StepSucceeded" and name.startswith("question "):
                result = event["StepSucceededDetails"]["Result"]
                data = json.loads(result["Payload"])
                pause = Pause(**{**data, "choices": tuple(data["choices"])})
                questions[name.removeprefix("question ")] = pause
            elif name.startswith("answer "):
                if kind == "CallbackStarted":
                    waiting[name] = event["CallbackStartedDetails"]["CallbackId"]
                elif kind.startswith("Callback"):
                    waiting.pop(name, None)
            elif name.startswith(("call ", "look ")) and kind.startswith("ChainedInvoke"):
                calls[name.partition(" ")[2]] = kind != "ChainedInvokeStarted"
        run.done = [name for name, ended in calls.items() if ended]
        run.at_work = [name for name, ended in calls.items() if not ended]
        for name, callback_id in waiting.items():
            pause_asked = questions.get(name.removeprefix("answer "))
            if pause_asked is not None and run.status in _OPEN:
                run.question = Question(callback_id, pause_asked)

    def _events(self, arn: str) -> Iterator[Any]:
        pages = self._client.get_paginator("get_durable_execution_history")
        for page in pages.paginate(DurableExecutionArn=arn, IncludeExecutionData=True):
            yield from page["Events"]
