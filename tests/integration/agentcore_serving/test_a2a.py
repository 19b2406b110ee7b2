"""The entry file of a real bundle over A2A, as another agent asks it."""

import json
import re
import uuid
from typing import Any

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.agentcore_process import ServedProcess
from tests.integration.agentcore_serving.conftest import WORDS


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}


def message(*parts: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        "messageId": uuid.uuid4().hex,
        "role": "ROLE_USER",
        "parts": list(parts),
        **more,
    }


def text(words: str) -> dict[str, Any]:
    return {"text": f"{words}, {WORDS}"}


def ask(process: ServedProcess, method: str, **params: Any) -> dict[str, Any]:
    got = process.ask("POST", "/", rpc(method, **params), A2A_Version="1.0")
    assert got.status == 200
    answer: dict[str, Any] = got.document
    assert "error" not in answer, answer
    result: dict[str, Any] = answer["result"]
    return result


def answer_in(task: dict[str, Any]) -> dict[str, Any]:
    """The whole answer, as its Lambda function gives it."""
    (artifact,) = [one for one in task["artifacts"] if one["name"] == "answer"]
    (part,) = artifact["parts"]
    answer: dict[str, Any] = part["data"]
    return answer


def data_lines(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line)["result"] for line in re.findall(rb"^data: (.*)$", body, re.MULTILINE)]


def test_its_card_says_what_its_manifest_does(a2a_process: ServedProcess) -> None:
    card = a2a_process.ask("GET", "/.well-known/agent-card.json").document
    assert card["name"] == "placer"
    assert card["description"] == "Places turbines, and leaves a file that says how many."
    assert card["capabilities"] == {"streaming": True}
    (skill,) = card["skills"]
    assert (skill["id"], skill["tags"]) == ("placer", ["pydantic-ai"])
    assert a2a_process.wanted == ("127.0.0.1", 9000)
    assert a2a_process.outside == []
    assert a2a_process.ask("GET", "/ping").document == {"status": "Healthy"}


def test_a_message_is_a_request_and_its_context_a_conversation(a2a_process: ServedProcess) -> None:
    task = ask(a2a_process, "SendMessage", message=message(text("A farm of 12 turbines")))["task"]
    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    answer = answer_in(task)
    assert answer["success"]
    assert answer["session_id"] == task["contextId"]
    (response,) = [one for one in task["artifacts"] if one["name"] == "response"]
    assert response["parts"][0]["text"] == answer["response"]
    assert [one["key"].rpartition("/")[2] for one in answer["artifacts"]] == ["turbines.json"]
    # A part with data has a request's other fields; what is wrong with it is told.
    more = message({"data": {"temperature": 7}}, text("More"), contextId=task["contextId"])
    refused = ask(a2a_process, "SendMessage", message=more)["task"]
    assert refused["status"]["state"] == "TASK_STATE_REJECTED"
    assert answer_in(refused)["error"]["field"] == "temperature"
    fields = {"data": {"max_tokens": 64}}
    again = message(fields, text("A farm of 16 turbines"), contextId=task["contextId"])
    following = ask(a2a_process, "SendMessage", message=again)["task"]
    assert answer_in(following)["error"] is None
    assert answer_in(following)["project_id"] == answer["project_id"]
    # As older clients ask.
    parts = [{"kind": "text", "text": "A farm of 20 turbines"}]
    older = {"messageId": "m", "role": "user", "kind": "message", "parts": parts}
    got = a2a_process.ask("POST", "/", rpc("message/send", message=older)).document["result"]
    assert got["status"]["state"] == "completed"


def test_a_stream_tells_what_is_said_when_it_is(a2a_process: ServedProcess) -> None:
    asked = rpc("SendStreamingMessage", message=message(text("A farm of 12 turbines")))
    got = a2a_process.ask("POST", "/", asked, A2A_Version="1.0")
    assert got.content_type.startswith("text/event-stream")
    events = data_lines(got.body)
    assert list(events[0]) == ["task"]
    updates = [one["artifactUpdate"] for one in events if "artifactUpdate" in one]
    pieces = [one for one in updates if one["artifact"]["name"] == "response"]
    assert len(pieces) > 2
    whole = pieces[-1]["artifact"]["parts"][0]["text"]
    begun = max(at for at, one in enumerate(pieces[:-1]) if not one.get("append"))
    said = [one["artifact"]["parts"][0]["text"] for one in pieces[begun:-1]]
    assert "".join(said) == whole
    assert updates[-1]["artifact"]["name"] == "answer"
    assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


def test_a_task_is_cancelled_by_its_caller_and_the_process_is_free(
    a2a_process: ServedProcess, served_standin: BedrockStandIn
) -> None:
    served_standin.inject(Fault(FaultKind.STALL, after_frames=4))
    asked = rpc("SendStreamingMessage", message=message(text("Say something")))
    with a2a_process.asking("POST", "/", asked, A2A_Version="1.0") as response:
        read = b""
        while b"artifactUpdate" not in read:
            read += response.read1()
        task_id = data_lines(read)[0]["task"]["id"]
        assert a2a_process.ask("GET", "/ping").document == {"status": "HealthyBusy"}
        busy = ask(a2a_process, "SendMessage", message=message(text("And now?")))["task"]
        assert answer_in(busy)["error"]["code"] == "AGENT_BUSY"
        cancelled = ask(a2a_process, "CancelTask", id=task_id)
        assert cancelled["status"]["state"] == "TASK_STATE_CANCELED"
        response.read()
    while a2a_process.ask("GET", "/ping").document != {"status": "Healthy"}:
        pass
    assert a2a_process.done(asked["params"]["message"]["messageId"])["error_code"] == "CANCELLED"
