"""The entry file of a real bundle, run as AgentCore Runtime runs it, and asked over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.agentcore_process import ServedProcess
from tests.integration.agentcore_serving.bucket import Bucket
from tests.integration.agentcore_serving.conftest import WORDS
from tests.unit.handlers.test_server_sent_events import parsed

#: What the process has imported when it can be asked; its start is the sum of them.
MOST_MODULES = 1700

ON_LAMBDA = """
import json, sys

bundle, event = sys.argv[1:]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

from tradewind.handlers import agent


class Context:
    aws_request_id = "of-lambda"

    def get_remaining_time_in_millis(self):
        return 600_000


print("ANSWER", json.dumps(agent.handler(json.loads(event), Context())))
"""


def asked(where: str) -> dict[str, Any]:
    return {
        "query": f"A farm of 12 turbines, {WORDS}",
        "project_id": f"farm-on-{where}",
        "request_id": f"request-{where}",
    }


def on_lambda(bundle: Path, variables: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", ON_LAMBDA, str(bundle), json.dumps(asked("lambda"))],
        env={"PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")] or [""]
    assert line, done.stderr
    answer: dict[str, Any] = json.loads(line.removeprefix("ANSWER"))
    return answer


def lasting(answer: dict[str, Any], where: str) -> Any:
    """What of an answer does not differ by where and how fast it was made."""
    kept = {name: value for name, value in answer.items() if name != "performance"}
    without = re.sub(rf"\b(farm-on|request)-{where}\b", r"\1", json.dumps(kept))
    return json.loads(re.sub(r"/request-[0-9a-f]{12}-", "/request-RUN-", without))


def events_of(body: bytes) -> list[tuple[str, Any]]:
    return [(name, data) for name, data in parsed(body)]


def read_until(response: HTTPResponse, mark: bytes) -> bytes:
    """Read what comes until it has ``mark``: that has happened then."""
    read = b""
    while mark not in read:
        more = response.read1()
        assert more, read
        read += more
    return read


def hang(served_standin: BedrockStandIn) -> None:
    """Let the next model call say a little, and then nothing until its caller goes."""
    served_standin.inject(Fault(FaultKind.STALL, after_frames=4))


STREAMED = {"query": f"Say something of {WORDS}", "stream": True}


def test_it_answers_as_its_function_on_lambda_does(
    http_process: ServedProcess,
    http_bundle: Path,
    agent_variables: dict[str, str],
    bucket: Bucket,
) -> None:
    """The same answer, usage and artifacts of the same folder, from the same bundle."""
    elsewhere = on_lambda(http_bundle, agent_variables)
    got = http_process.ask("POST", "/invocations", asked("agentcore"))
    assert (got.status, got.content_type) == (200, "application/json")
    here = got.document
    assert lasting(here, "agentcore") == lasting(elsewhere, "lambda")
    assert here["success"]
    assert "12" in here["response"]
    assert here["usage"]["model_calls"] == 2
    (artifact,), (other,) = here["artifacts"], elsewhere["artifacts"]
    assert [bucket.objects[one["key"]] for one in (artifact, other)] == [b'{\n "placed": 12\n}'] * 2
    # A start that imports nothing of the machine's, and not too much.
    assert http_process.outside == []
    assert len(http_process.modules) < MOST_MODULES
    assert http_process.wanted == ("127.0.0.1", 8080)
    assert http_process.done("request-agentcore")["outcome"] == "succeeded"


def test_a_stream_has_the_events_of_the_apis_streams(http_process: ServedProcess) -> None:
    got = http_process.ask(
        "POST", "/invocations", asked("stream"), Accept="text/event-stream, application/json"
    )
    assert got.status == 200
    assert got.content_type.startswith("text/event-stream")
    events = events_of(got.body)
    names = [name for name, _data in events]
    assert (names[0], names[-1]) == ("invocation", "result")
    assert {"text", "tool_start", "tool_end", "message_end"} < set(names)
    assert events[0][1]["id"] == "placer.request-stream"
    answer = events[-1][1]
    last_message = names[:-1][::-1].index("tool_end")
    said = [data["text"] for name, data in events[-1 - last_message :] if name == "text"]
    assert "".join(said) == answer["response"]
    # A repeat is answered from the record: no word of it is said again.
    again = http_process.ask("POST", "/invocations", {**asked("stream"), "stream": True})
    assert events_of(again.body) == [("result", answer)]


def test_what_is_refused_is_told_with_status_200(http_process: ServedProcess) -> None:
    """Of another status AgentCore tells the caller the number alone."""
    for body in ({"query": ""}, {"prompt": WORDS}, [WORDS], {"query": "x", "stream": 1}):
        got = http_process.ask("POST", "/invocations", body)
        assert got.status == 200
        assert got.document["error"]["code"] == "INVALID_REQUEST", body
    streamed = http_process.ask("POST", "/invocations", {"query": " ", "stream": True})
    ((name, answer),) = events_of(streamed.body)
    assert (name, answer["error"]["field"]) == ("result", "query")
    unreadable = http_process.ask("POST", "/invocations", f"{{{WORDS}".encode())
    assert unreadable.status == 400
    assert http_process.ask("GET", "/ping").document["status"] == "Healthy"


def test_it_is_busy_while_it_works_and_free_when_its_caller_goes(
    http_process: ServedProcess, served_standin: BedrockStandIn
) -> None:
    hang(served_standin)
    asked_for = {**STREAMED, "request_id": "gone"}
    with http_process.asking("POST", "/invocations", asked_for) as response:
        read_until(response, b"event: text")
        assert http_process.ask("GET", "/ping").document["status"] == "HealthyBusy"
        another = http_process.ask("POST", "/invocations", {"query": "And now?"})
        assert another.status == 200
        assert another.document["error"]["code"] == "AGENT_BUSY"
        assert another.document["status_code"] == 429
    # It has gone: the work is cancelled, and the process takes the next.
    answer = {"error": {"code": "AGENT_BUSY"}}
    while answer["error"] and answer["error"]["code"] == "AGENT_BUSY":
        answer = http_process.ask("POST", "/invocations", {"query": "And now?"}).document
    assert answer["error"] is None
    assert http_process.ask("GET", "/ping").document["status"] == "Healthy"
    assert http_process.done("gone")["error_code"] == "CANCELLED"


def test_a_caller_of_a_whole_answer_who_goes_ends_the_work(
    http_process: ServedProcess, served_standin: BedrockStandIn
) -> None:
    hang(served_standin)
    connection = http_process.send(
        "POST", "/invocations", {**STREAMED, "stream": False, "request_id": "gone-whole"}
    )
    while http_process.ask("GET", "/ping").document["status"] != "HealthyBusy":
        pass
    connection.close()
    while http_process.ask("GET", "/ping").document["status"] != "Healthy":
        pass
    assert http_process.done("gone-whole")["error_code"] == "CANCELLED"


def test_told_to_end_it_cancels_answers_and_ends(
    http_bundle: Path, served_variables: dict[str, str], served_standin: BedrockStandIn
) -> None:
    hang(served_standin)
    with (
        ServedProcess(http_bundle, served_variables) as process,
        process.asking("POST", "/invocations", STREAMED) as response,
    ):
        read = read_until(response, b"event: text")
        process.signal(signal.SIGTERM)
        name, answer = events_of(read + response.read())[-1]
        assert (name, answer["error"]["code"]) == ("result", "CANCELLED")
        assert process.end() == 0
    assert WORDS not in "\n".join(process.printed)


def test_nothing_in_it_is_led_to_a_python_of_another_machine(agentcore_archive: Path) -> None:
    with zipfile.ZipFile(agentcore_archive) as zipped:
        names = zipped.namelist()
        led = [name for name in names if re.match(rb"#!\s*/(?!usr/bin/env )", zipped.read(name))]
    assert "agentcore_main.py" in names
    assert not led
    assert not [name for name in names if "bin" in Path(name).parts[:-1]]
