"""The agent over A2A, as AgentCore Runtime's contract has it, on the protocol's own library.

A message is a request: its text is the query, and a part with data has any other fields. Its
context is a conversation. What the agent says comes as the artifact ``response`` while it says it,
and the whole answer, as from its Lambda function, as the artifact ``answer``.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from a2a.helpers import (
    get_data_parts,
    get_text_parts,
    new_data_part,
    new_task,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Message,
    Part,
    TaskState,
)
from bedrock_agentcore.runtime import PingStatus, build_a2a_app

from tradewind.agentcore_serving.desk import Desk, Document, Job
from tradewind.agentcore_serving.ids import request_id_of
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.errors import Cancelled, RequestError
from tradewind.contracts.texts import all_well_formed
from tradewind.run.events import MessageBegun, RunEvent, TextDelta

#: Only who may speak for users can send it; see ``bedrock-agentcore:InvokeAgentRuntimeForUser``.
_USER_HEADER: Final = "x-amzn-bedrock-agentcore-runtime-user-id"
_RESPONSE: Final = "response"
_ANSWER: Final = "answer"
#: The server puts the address in that it is reached by.
_ADDRESS: Final = "http://localhost:9000/"


def a2a_app(manifest: AgentManifest, desk: Desk) -> Any:
    """The server's application.

    Args:
        manifest: The agent's.
        desk: Does the work.
    """
    return build_a2a_app(
        AgentWork(desk),
        agent_card(manifest),
        ping_handler=lambda: PingStatus.HEALTHY_BUSY if desk.is_busy else PingStatus.HEALTHY,
    )


def agent_card(manifest: AgentManifest) -> AgentCard:
    """What the agent says of itself to others: what its manifest says."""
    name = manifest.name.replace("_", " ")
    media = ["text/plain", "application/json"]
    return AgentCard(
        name=manifest.name,
        description=manifest.description,
        version="1",
        capabilities=AgentCapabilities(streaming=True),
        supported_interfaces=[
            AgentInterface(protocol_binding="JSONRPC", protocol_version="1.0", url=_ADDRESS)
        ],
        skills=[
            AgentSkill(
                id=manifest.name,
                name=name,
                description=manifest.description,
                tags=[manifest.framework],
            )
        ],
        default_input_modes=media,
        default_output_modes=media,
    )


class AgentWork(AgentExecutor):
    """Does what messages ask. A caller who goes may come back to a task; only a cancel ends it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._jobs: dict[str, Job] = {}

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Work on one message. See ``AgentExecutor``."""
        message = context.message
        task_id, context_id = context.task_id, context.context_id
        if message is None or task_id is None or context_id is None:
            raise ValueError("a message without a task")
        updater = TaskUpdater(event_queue, task_id, context_id)
        if context.current_task is None:
            await event_queue.enqueue_event(
                new_task(task_id, context_id, TaskState.TASK_STATE_SUBMITTED, history=[message])
            )
        await updater.start_work()
        happened: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        job = Job(heard=lambda one: loop.call_soon_threadsafe(happened.put_nowait, one))
        self._jobs[task_id] = job
        try:
            asked = _asked(message, context_id, _user_of(context))
            self._desk.take(asked, request_id_of(message.message_id) or task_id, job)
            job.done.add_done_callback(
                lambda _done: loop.call_soon_threadsafe(happened.put_nowait, None)
            )
            await _tell(updater, happened)
            await _end(updater, job.done.result())
        finally:
            job.cancel()
            del self._jobs[task_id]

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """End the work on a task. See ``AgentExecutor``."""
        if context.task_id is None or context.context_id is None:
            return
        job = self._jobs.get(context.task_id)
        if job is not None:
            job.cancel()
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def _user_of(context: RequestContext) -> str | None:
    headers = context.call_context.state.get("headers", {}) if context.call_context else {}
    return next((value for name, value in headers.items() if name.lower() == _USER_HEADER), None)


def _asked(message: Message, context_id: str, user: str | None) -> Mapping[str, Any]:
    """A message as what the agent's Lambda function takes; what is wrong with it, that says."""
    texts = get_text_parts(message.parts)
    asked: dict[str, Any] = {"session_id": context_id}
    parts = [_with_whole_numbers(one) for one in get_data_parts(message.parts)]
    for data in parts:
        asked |= data if isinstance(data, dict) else {"data": data}
    if texts:
        asked["query"] = "\n".join(texts)
    others = len(message.parts) - len(texts) - len(parts)
    if others:
        asked["file"] = others  # the agent takes none, and says so
    asked.setdefault("request_id", request_id_of(message.message_id))
    if user is not None:
        asked["owner"] = user
    return asked


def _with_whole_numbers(value: Any) -> Any:
    """The protocol's library makes a float of every number; a request's fields are told apart."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _with_whole_numbers(one) for name, one in value.items()}
        case list():
            return [_with_whole_numbers(one) for one in value]
    return value


async def _tell(updater: TaskUpdater, happened: "asyncio.Queue[RunEvent | None]") -> None:
    """Tell what the agent says, until its work is over."""
    begun = False
    while (one := await happened.get()) is not None:
        match one:
            case MessageBegun():
                begun = False  # what was said before gives way
            case TextDelta(text) if text:
                await updater.add_artifact(
                    [new_text_part(text)],
                    artifact_id=_RESPONSE,
                    name=_RESPONSE,
                    append=begun,
                    last_chunk=False,
                )
                begun = True


async def _end(updater: TaskUpdater, answer: Document) -> None:
    """Tell what came of it."""
    answer = all_well_formed(answer)
    response: list[Part] = [new_text_part(answer["response"])]
    whole = [new_data_part(answer)]
    if answer["response"]:
        await updater.add_artifact(
            response, artifact_id=_RESPONSE, name=_RESPONSE, append=False, last_chunk=True
        )
    await updater.add_artifact(
        whole, artifact_id=_ANSWER, name=_ANSWER, append=False, last_chunk=True
    )
    error = answer["error"]
    if error is None:
        await updater.complete()
        return
    message = updater.new_agent_message([new_text_part(f"{error['code']}: {error['message']}")])
    if error["code"] == Cancelled.code:
        await updater.cancel(message)
    elif answer["status_code"] == RequestError.status:
        await updater.reject(message)
    else:
        await updater.failed(message)
