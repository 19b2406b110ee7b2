"""The tools there are, and what calling one does and answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from mcp_types import (
    CallToolResult,
    ContentBlock,
    ResourceLink,
    TextContent,
    Tool,
    ToolAnnotations,
)

from tradewind.api import invocations, replies, runtimes
from tradewind.api.agents import list_agents
from tradewind.api.door import Door
from tradewind.api.errors import NotFound
from tradewind.api.http import JSON, Answer, Request
from tradewind.contracts.errors import InvalidRequest
from tradewind.contracts.names import (
    ANSWER_TOOL,
    CANCEL_TOOL,
    INVOCATION_ID_PATTERN,
    LOOK_UP_TOOL,
    QUESTION_ID_PATTERN,
)
from tradewind.contracts.reply import MAX_REPLY_LENGTH
from tradewind.contracts.request import Question

#: In a call's ``_meta``: what the header ``Idempotency-Key`` is to the API.
IDEMPOTENCY_META: Final = "tradewind/idempotency-key"
_IDEMPOTENCY: Final = "idempotency-key"
#: States of an invocation that its agent works on.
AT_WORK: Final = frozenset({"pending", "running"})
_WAITING: Final = "waiting"
_LEAST_BAD: Final = 400
#: An agent's parameters are the caller's own, and so is whatever the agent does with them.
_ASKS: Final = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
_ID: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": INVOCATION_ID_PATTERN,
    "description": "The invocation's id, as the call of an agent gave it.",
}
_ID_ALONE: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"id": _ID},
    "required": ["id"],
    "additionalProperties": False,
}
_ANSWER: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "id": _ID,
        "answer": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REPLY_LENGTH,
            "description": "What the person says, in their words.",
        },
        "question_id": {
            "type": "string",
            "pattern": QUESTION_ID_PATTERN,
            "description": "Of the question that is answered, as the call gave it.",
        },
    },
    "required": ["id", "answer"],
    "additionalProperties": False,
}


def list_tools(door: Door, request: Request) -> list[Tool]:
    """The agents, in the order of their work, the runtimes, and what long work needs."""
    agents = [*list_agents(door, request).document["agents"], *runtimes.described(door)]
    return [
        *(
            Tool(
                name=agent["name"],
                description=f"{agent['description']} An answer that takes longer than this call "
                f"waits is looked up with {LOOK_UP_TOOL}.",
                input_schema={**_question(), "examples": [agent["example"]]},
                annotations=_ASKS,
            )
            for agent in agents
        ),
        Tool(
            name=LOOK_UP_TOOL,
            description="Tells what has become of a call of an agent that went on: its answer, "
            "its failure, or how far it is.",
            input_schema=dict(_ID_ALONE),
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        ),
        Tool(
            name=ANSWER_TOOL,
            description="Gives a call of an agent that asks a person the person's answer; it goes "
            "on. Ask the person: do not answer for them.",
            input_schema=dict(_ANSWER),
            annotations=ToolAnnotations(
                read_only_hint=False,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=True,
            ),
        ),
        Tool(
            name=CANCEL_TOOL,
            description="Stops a call of an agent that went on. One that has ended stays as it is.",
            input_schema=dict(_ID_ALONE),
            annotations=ToolAnnotations(
                read_only_hint=False,
                destructive_hint=True,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        ),
    ]


def call_tool(
    door: Door,
    request: Request,
    name: str,
    arguments: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> Answer:
    """Do what a tool does, and answer as the API would.

    Args:
        door: What the API's routes share.
        request: The HTTP request that the call came in: its owner and headers count.
        name: The tool's.
        arguments: Of the call.
        meta: The call's ``_meta``.

    Raises:
        NotFound: There is no such tool, or no such invocation of the caller's.
        TradewindError: It was refused, or there is no telling what became of it.
    """
    if name == LOOK_UP_TOOL:
        return invocations.look(door, of_invocation(request, _id_in(arguments)))
    if name == ANSWER_TOOL:
        return replies.answer_question(door, _with_answer(request, arguments))
    if name == CANCEL_TOOL:
        return invocations.cancel(door, of_invocation(request, _id_in(arguments)))
    return invocations.ask(door, question(door, request, name, arguments, meta))


def question(
    door: Door,
    request: Request,
    name: str,
    arguments: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> Request:
    """The request that the API would have got instead of the call of an agent.

    Args:
        door: As ``call_tool``.
        request: As ``call_tool``.
        name: The agent's, or the runtime's.
        arguments: As ``call_tool``.
        meta: As ``call_tool``.

    Raises:
        NotFound: There is no such agent and no such runtime.
        InvalidRequest: The key of the call is none.
    """
    if name not in door.environment.agents:
        raise NotFound("There is no such tool.")
    headers = {"content-type": JSON}
    if "prefer" in request.headers:
        headers["prefer"] = request.headers["prefer"]
    if _IDEMPOTENCY in request.headers:
        headers[_IDEMPOTENCY] = request.headers[_IDEMPOTENCY]
    if IDEMPOTENCY_META in meta:
        key = meta[IDEMPOTENCY_META]
        if not isinstance(key, str):
            raise InvalidRequest(f"_meta: {IDEMPOTENCY_META} has to be a text.", field="_meta")
        headers[_IDEMPOTENCY] = key
    kind = "runtimes" if name in door.environment.runtimes else "agents"
    return Request(
        method="POST",
        path=f"/{kind}/{name}/invocations",
        query={},
        headers=headers,
        raw_body=json.dumps(dict(arguments)).encode(),
        owner=request.owner,
        parameters={"agent": name},
    )


def _with_answer(request: Request, arguments: Mapping[str, Any]) -> Request:
    body = dict(arguments)
    invocation_id = body.pop("id", None)
    if not isinstance(invocation_id, str):
        raise InvalidRequest("The arguments have to have an invocation's id.", field="id")
    return replace(
        of_invocation(request, invocation_id),
        headers={"content-type": JSON},
        raw_body=json.dumps(body).encode(),
    )


def of_invocation(request: Request, invocation_id: str) -> Request:
    """A request of the same caller's about an invocation.

    Raises:
        NotFound: There can be none with this id.
    """
    if re.fullmatch(INVOCATION_ID_PATTERN, invocation_id) is None:
        raise NotFound("There is no such invocation.")
    return Request(
        method="GET",
        path=f"/invocations/{invocation_id}",
        query={},
        headers={},
        raw_body=b"",
        owner=request.owner,
        parameters={"id": invocation_id},
    )


def tell(answer: Answer, name: str) -> CallToolResult:
    """An answer of the API as a tool's result, whole as structured content.

    Args:
        answer: The API's.
        name: The tool that was called: what was cancelled on demand is no failure.
    """
    failure = _failure_in(answer, name)
    said = _said(answer.document) if failure is None else [_text(failure)]
    return CallToolResult(
        content=said, structured_content=answer.document, is_error=failure is not None
    )


def artifact_uri(invocation_id: str, name: str) -> str:
    """Where an invocation's file is read."""
    return f"tradewind://invocations/{invocation_id}/artifacts/{quote(name, safe='')}"


def _failure_in(answer: Answer, name: str) -> str | None:
    """The code and words of the failure that an answer tells; None where it tells none."""
    document = answer.document
    if answer.status >= _LEAST_BAD:
        return f"{document['code']}: {document['detail']}"
    error = document["error"]
    if error is None or (name == CANCEL_TOOL and document["state"] == "cancelled"):
        return None
    return f"{error['code']}: {error['message']}"


def _said(invocation: Mapping[str, Any]) -> list[ContentBlock]:
    state, own = invocation["state"], invocation["id"]
    if state in AT_WORK:
        return [
            _text(
                f"It is {state} and goes on without this call. Look it up in some seconds: "
                f'{LOOK_UP_TOOL} with the id "{own}".'
            )
        ]
    if state == _WAITING:
        return [
            _text(
                f"It asks a person, and waits for the answer: {invocation['question']}\n"
                f'Ask the person, and give the answer to {ANSWER_TOOL} with the id "{own}" and '
                f'the question_id "{invocation["question_id"]}".'
            )
        ]
    result = invocation["result"]
    if result is None:
        return [_text(f"The invocation {own} is {state}.")]
    said: list[ContentBlock] = [_text(result["response"])]
    if result["output"] is not None:
        said.append(_text(json.dumps(result["output"], ensure_ascii=False)))
    return [
        *said,
        *(
            ResourceLink(
                name=one["name"],
                uri=artifact_uri(own, one["name"]),
                mime_type=one["content_type"],
                size=one["size_bytes"],
            )
            for one in result["artifacts"]
        ),
    ]


def _text(text: str) -> TextContent:
    return TextContent(text=text)


def _id_in(arguments: Mapping[str, Any]) -> str:
    found = arguments.get("id")
    if set(arguments) != {"id"} or not isinstance(found, str):
        raise InvalidRequest("The arguments have to be an invocation's id and nothing else.")
    return found


@cache
def _question() -> dict[str, Any]:
    return Question.model_json_schema()
