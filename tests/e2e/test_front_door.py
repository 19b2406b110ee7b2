"""The front door as it is deployed: every route, every signature, and work that takes its time."""

import hashlib
import json
import ssl
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from botocore.credentials import Credentials

from cli.agents import example_request
from cli.api.address import on_this_machine
from devtools.localcloud.bedrock import Fault, FaultKind
from stacks.names import Output, live_function, log_group_name
from tests.deployed_agents import AGENTS, FIRST
from tests.e2e.conftest import Deployment, client, eventually
from tests.e2e.front_door import AT_WORK, Answer, Caller, NoStream
from tests.e2e.test_bad_days import without_policy
from tradewind.api.openapi import openapi
from tradewind.api.routes import ROUTES
from tradewind.contracts.names import API

#: It has no tools, and so it asks the model once.
AGENT = "assistant"
QUESTION = "How far apart do the turbines stand?"
ENVIRONMENT = "local"


def caller_of(deployment: Deployment, key: str, secret: str) -> Caller:
    running = deployment.running
    url = on_this_machine(deployment.outputs[Output.API_URL], running)
    return Caller(url, running.ca_bundle, Credentials(key, secret))


@pytest.fixture(scope="module")
def ada(deployment: Deployment) -> Caller:
    running = deployment.running
    return caller_of(deployment, running.access_key, running.secret_key)


@pytest.fixture(scope="module")
def bob(deployment: Deployment) -> Iterator[Caller]:
    """Another user, who may call the API and nothing else."""
    iam = client("iam")
    iam.create_user(UserName="bob")
    allowed = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    iam.put_user_policy(
        UserName="bob",
        PolicyName="door",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    yield caller_of(deployment, key["AccessKeyId"], key["SecretAccessKey"])
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="bob", PolicyName="door")
    iam.delete_user(UserName="bob")


@pytest.fixture(autouse=True)
def _no_fault_is_left(deployment: Deployment) -> Iterator[None]:
    yield
    deployment.bedrock.clear()


def asked_by(deployment: Deployment, agent: str) -> int:
    """How often an agent has asked the model by now, counted on the wire."""
    traffic = deployment.bedrock.stats().roles.get(deployment.role(agent))
    return traffic.requests if traffic else 0


@contextmanager
def model_calls(deployment: Deployment, expected: int) -> Iterator[None]:
    """Check how often the model is asked, whatever anybody says of it."""
    before = asked_by(deployment, AGENT)
    yield
    assert asked_by(deployment, AGENT) - before == expected


def slow(deployment: Deployment, seconds: float) -> None:
    """Let the agent's next model call take its time."""
    role = deployment.role(AGENT).rpartition("/")[2]
    deployment.bedrock.inject(Fault(FaultKind.LATENCY, seconds=seconds, role=role))


def example_of(caller: Caller, agent: str) -> dict[str, Any]:
    """A body that the API says an agent can be asked with."""
    listed = caller.call("GET", "/agents").document["agents"]
    (example,) = (one["example"] for one in listed if one["name"] == agent)
    return dict(example)


def fresh(name: str) -> str:
    """A name that nothing has been called by."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def id_of(key: str) -> str:
    return f"{AGENT}.k-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def calls_served() -> int:
    """How often the API's function was invoked, by its own platform log."""
    pages = client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=log_group_name(ENVIRONMENT, API))
    return sum("platform.start" in event["message"] for page in found for event in page["events"])


def records(deployment: Deployment) -> int:
    """How many requests have been taken, by whatever way."""
    pages = client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=deployment.outputs[Output.RECORDS_TABLE], Select="COUNT")
    return sum(page["Count"] for page in found)


class TestEveryRoute:
    def test_agents(self, ada: Caller) -> None:
        answer = ada.call("GET", "/agents")
        assert answer.status == 200
        assert [agent["name"] for agent in answer.document["agents"]] == list(AGENTS)
        for agent in answer.document["agents"]:
            assert agent["example"]["query"] == example_request(agent["name"], None)["query"]

    def test_models(self, ada: Caller) -> None:
        answer = ada.call("GET", "/models")
        assert answer.status == 200, answer
        first, *others = answer.document["models"]
        assert first["used"]
        assert others
        assert not any(model["used"] for model in others)

    def test_models_that_the_api_may_not_list(self, deployment: Deployment, ada: Caller) -> None:
        function = live_function(ENVIRONMENT, API)
        role = deployment.functions.get_function_configuration(FunctionName=function)["Role"]
        with without_policy(role, "Models"):
            answer = ada.call("GET", "/models")
        assert answer.document["code"] == "MODEL_ACCESS_DENIED"
        assert answer.headers["content-type"] == "application/problem+json"

    def test_the_document(self, ada: Caller) -> None:
        answer = ada.call("GET", "/openapi.json")
        assert answer.status == 200
        assert answer.document == json.loads(json.dumps(openapi(ROUTES)))

    def test_budget(self, ada: Caller) -> None:
        answer = ada.call("GET", "/budget")
        assert answer.status == 200
        assert set(answer.document) == {
            *("day", "limit_usd", "reserved_usd", "spent_usd", "left_usd", "resets_at"),
        }

    def test_an_answer_and_its_place(self, deployment: Deployment, ada: Caller) -> None:
        with model_calls(deployment, 1):
            answer = ada.ask(AGENT, QUESTION)
        assert answer.status == 200, answer
        invocation = answer.document
        assert invocation["state"] == "succeeded"
        assert QUESTION in invocation["result"]["response"]
        assert (invocation["usage"]["model_calls"], invocation["usage"]["cost_usd"] > 0) == (
            1,
            True,
        )
        assert answer.headers["location"] == f"/invocations/{invocation['id']}"
        assert ada.look(invocation["id"]) == invocation
        # What has ended cannot be cancelled, and says how it ended.
        again = ada.call("DELETE", f"/invocations/{invocation['id']}")
        assert (again.status, again.document) == (200, invocation)

    @pytest.mark.parametrize("preference", ["respond-async", "wait=0"])
    def test_an_answer_later(self, deployment: Deployment, ada: Caller, preference: str) -> None:
        slow(deployment, 2)
        with model_calls(deployment, 1):
            answer = ada.ask(AGENT, QUESTION, headers={"Prefer": preference})
            assert answer.status == 202, answer
            assert answer.document["state"] in AT_WORK
            assert answer.headers["preference-applied"] == preference
            assert answer.headers["location"] == f"/invocations/{answer.document['id']}"
            assert ada.end_of(answer.document["id"])["state"] == "succeeded"

    def test_artifacts_have_links_that_work(self, deployment: Deployment, ada: Caller) -> None:
        example = example_of(ada, FIRST)
        answer = ada.call("POST", f"/agents/{FIRST}/invocations", example)
        assert answer.status == 200, answer
        context = ssl.create_default_context(cafile=deployment.running.ca_bundle)
        for artifact in answer.document["result"]["artifacts"]:
            with urllib.request.urlopen(artifact["url"], context=context) as file:  # noqa: S310
                assert len(file.read()) == artifact["size_bytes"]

    def test_a_conversation(self, deployment: Deployment, ada: Caller) -> None:
        session, words = fresh("session"), ["Remember seven.", "What do you remember?"]
        place = f"/sessions/{session}"
        with model_calls(deployment, 2):
            asked = [ada.ask(AGENT, word, session_id=session) for word in words]
        assert [one.status for one in asked] == [200, 200], asked
        read = ada.call("GET", place)
        assert read.status == 200, read
        assert read.document["agent"] == AGENT
        assert [
            (turn["query"], turn["response"], turn["invocation_id"])
            for turn in read.document["turns"]
        ] == [
            (word, one.document["result"]["response"], one.document["id"])
            for word, one in zip(words, asked, strict=True)
        ]
        # The second turn had the first before it.
        first, second = (one.document["usage"]["input_tokens"] for one in asked)
        assert second > first
        assert ada.call("DELETE", place).status == 204
        assert ada.call("GET", place).status == 404
        assert ada.call("DELETE", place).status == 404

    def test_what_nobody_serves(self, ada: Caller) -> None:
        assert ada.ask("nobody", QUESTION).document["code"] == "NOT_FOUND"
        assert ada.call("GET", f"/invocations/{id_of('never used')}").status == 404
        refused = ada.ask(AGENT, QUESTION, colour="blue")
        assert (refused.status, refused.document["field"]) == (400, "colour")


class TestStreams:
    def test_words_usage_and_a_result(self, deployment: Deployment, ada: Caller) -> None:
        with model_calls(deployment, 1):
            events = list(ada.stream(AGENT, {"query": QUESTION}))
        names, told = zip(*events, strict=True)
        assert (names[0], names[-1]) == ("invocation", "result")
        assert names.count("text") > 1
        result = told[-1]
        words = [data["text"] for name, data in zip(names, told, strict=True) if name == "text"]
        assert "".join(words) == result["result"]["response"]
        assert (result["id"], result["state"]) == (told[0]["id"], "succeeded")
        assert result["usage"]["model_calls"] == 1
        assert ada.look(result["id"])["result"] == result["result"]

    def test_tools(self, ada: Caller) -> None:
        example = example_of(ada, FIRST)
        events = list(ada.stream(FIRST, example))
        started = [event[1] for event in events if event[0] == "tool_start"]
        ended = [event[1] for event in events if event[0] == "tool_end"]
        assert started
        assert [(one["call_id"], one["tool"]) for one in started] == [
            (one["call_id"], one["tool"]) for one in ended
        ]
        assert all(one["succeeded"] for one in ended)
        (result,) = (event[1] for event in events if event[0] == "result")
        assert result["state"] == "succeeded"
        assert result["usage"]["tool_calls"] == len(started)

    def test_a_wrong_body_is_a_problem(self, deployment: Deployment, ada: Caller) -> None:
        with model_calls(deployment, 0), pytest.raises(NoStream) as refused:
            next(ada.stream(AGENT, {"question": QUESTION}))
        answer = refused.value.answer
        assert answer.status == 400
        assert answer.headers["content-type"] == "application/problem+json"

    def test_a_caller_who_hangs_up_ends_the_work(self, deployment: Deployment, ada: Caller) -> None:
        role = deployment.role(AGENT).rpartition("/")[2]
        deployment.bedrock.inject(Fault(FaultKind.STALL, role=role))
        with model_calls(deployment, 1):
            stream = ada.stream(AGENT, {"query": QUESTION})
            begun = next(stream)
            stream.close()
            assert ada.end_of(begun[1]["id"])["state"] == "cancelled"

    def test_a_stream_is_cancelled(self, deployment: Deployment, ada: Caller) -> None:
        role = deployment.role(AGENT).rpartition("/")[2]
        deployment.bedrock.inject(Fault(FaultKind.STALL, role=role))
        stream = ada.stream(AGENT, {"query": QUESTION})
        begun = next(stream)
        assert ada.call("DELETE", f"/invocations/{begun[1]['id']}").status == 202
        *_, last = stream
        assert (last[0], last[1]["state"]) == ("result", "cancelled")


class TestSignatures:
    BODY: ClassVar = json.dumps({"query": QUESTION}).encode()
    JSON: ClassVar = {"Content-Type": "application/json"}
    PATHS = (
        ("POST", f"/agents/{AGENT}/invocations"),
        ("POST", f"/agents/{AGENT}/stream"),
        ("GET", "/agents"),
    )

    def forgeries(
        self, ada: Caller, method: str, path: str
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Headers of requests that nobody has signed rightly, and what is wrong with them."""
        body = self.BODY if method == "POST" else b""
        keys = ada.credentials
        right = ada.signed(method, path, body, self.JSON)
        yield "unsigned", dict(self.JSON)
        wrong = right["Authorization"]
        yield (
            "forged",
            {**right, "Authorization": wrong[:-4] + ("0000", "1111")[wrong[-4:] == "0000"]},
        )
        thief = replace(ada, credentials=Credentials(keys.access_key, "another"))
        yield "another's secret", thief.signed(method, path, body, self.JSON)
        nobody = replace(ada, credentials=Credentials("AKIA" + "0" * 16, keys.secret_key))
        yield "an unknown key", nobody.signed(method, path, body, self.JSON)
        long_ago = datetime.now(UTC) - timedelta(minutes=10)
        yield "expired", ada.signed(method, path, body, self.JSON, at=long_ago)
        yield "another service", ada.signed(method, path, body, self.JSON, service="lambda")
        other = "GET" if method == "POST" else "POST"
        yield "another method", ada.signed(other, path, body, self.JSON)
        yield "another path", ada.signed(method, "/budget", body, self.JSON)
        yield "another body", ada.signed(method, path, body + b" ", self.JSON)

    def test_none_but_a_right_one_comes_in(self, deployment: Deployment, ada: Caller) -> None:
        before, taken, refused = calls_served(), records(deployment), []
        with model_calls(deployment, 0):
            for method, path in self.PATHS:
                body = self.BODY if method == "POST" else b""
                for kind, headers in self.forgeries(ada, method, path):
                    answer = ada.send(method, path, body, headers)
                    refused.append((answer.status, method, path, kind))
        assert {one[0] for one in refused} == {403}, [one for one in refused if one[0] != 403]
        assert records(deployment) == taken
        # The next one that is let in is logged: so would be what came before it.
        assert ada.call("GET", "/agents").status == 200
        eventually(lambda: calls_served() > before)
        assert calls_served() == before + 1

    def test_who_may_not_is_told_so(self, bob: Caller) -> None:
        before = calls_served()
        client("iam").put_user_policy(
            UserName="bob",
            PolicyName="no-models",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Action": "execute-api:Invoke",
                            "Resource": "arn:aws:execute-api:*:*:*/*/GET/models",
                        }
                    ],
                }
            ),
        )
        try:
            assert bob.call("GET", "/models").status == 403
            assert bob.call("GET", "/agents").status == 200
            eventually(lambda: calls_served() > before)
            assert calls_served() == before + 1
        finally:
            client("iam").delete_user_policy(UserName="bob", PolicyName="no-models")


class TestWorkThatTakesItsTime:
    def test_who_will_not_wait_finds_the_answer_later(
        self, deployment: Deployment, ada: Caller
    ) -> None:
        slow(deployment, 4)
        with model_calls(deployment, 1):
            answer = ada.ask(AGENT, QUESTION, headers={"Prefer": "wait=1"})
            assert answer.status == 202, answer
            assert answer.document["state"] in AT_WORK
            assert int(answer.headers["retry-after"]) > 0
            ended = ada.end_of(answer.document["id"])
        assert ended["state"] == "succeeded"
        assert QUESTION in ended["result"]["response"]

    def test_a_caller_cut_off_in_the_middle(self, deployment: Deployment, ada: Caller) -> None:
        slow(deployment, 3)
        path, key = f"/agents/{AGENT}/invocations", fresh("cut-off-in-the-middle")
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        body = json.dumps({"query": QUESTION}).encode()
        with model_calls(deployment, 1):
            connection = ada.open("POST", path, body, ada.signed("POST", path, body, headers))
            found = id_of(key)
            eventually(lambda: begun(ada, found))
            connection.close()
            assert ada.end_of(found)["state"] == "succeeded"
            again = ada.ask(AGENT, QUESTION, headers={"Idempotency-Key": key})
        assert (again.status, again.document["id"]) == (200, found)

    def test_a_gateway_that_loses_patience(self, deployment: Deployment, ada: Caller) -> None:
        key = fresh("the-gateways-patience")
        slow(deployment, 1.5)
        with model_calls(deployment, 1):
            with impatient_gateway(deployment, 500):
                lost = ada.ask(AGENT, QUESTION, headers={"Idempotency-Key": key})
            assert lost.status == 504, lost
            again = ada.ask(AGENT, QUESTION, headers={"Idempotency-Key": key})
            assert (again.status, again.document["id"]) == (200, id_of(key)), again

    def test_twenty_at_once_with_one_key(self, deployment: Deployment, ada: Caller) -> None:
        slow(deployment, 2)
        key = fresh("twenty-at-once")

        def ask(number: int) -> Answer:
            # Some wait for the answer, others leave it to be looked up.
            prefer = "wait=5" if number % 2 else "wait=0"
            headers = {"Idempotency-Key": key, "Prefer": prefer}
            answer = ada.ask(AGENT, QUESTION, headers=headers)
            # Twenty functions that start at once may be too slow for the gateway.
            while answer.status == 504:
                answer = ada.ask(AGENT, QUESTION, headers=headers)
            return answer

        with model_calls(deployment, 1):
            with ThreadPoolExecutor(20) as callers:
                answers = list(callers.map(ask, range(20)))
            ended = ada.end_of(id_of(key))
            answers.append(ask(0))
        assert {answer.status for answer in answers} <= {200, 202}, answers
        assert {answer.document["id"] for answer in answers} == {id_of(key)}
        assert ended["state"] == "succeeded"
        assert answers[-1].status == 200
        whole = [answer.document for answer in answers if answer.status == 200]
        assert all(document == ended for document in whole)
        other = ada.ask(AGENT, "Another question?", headers={"Idempotency-Key": key})
        assert (other.status, other.document["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


class TestCancelling:
    @pytest.mark.parametrize("agent", [AGENT, FIRST])
    def test_what_runs_ends_soon_and_leaves_nothing(
        self, deployment: Deployment, ada: Caller, agent: str
    ) -> None:
        role = deployment.role(agent).rpartition("/")[2]
        # The first agent's second call: by then a tool has made what is not to be kept.
        calls = 2 if agent == FIRST else 1
        body = {**example_of(ada, agent), "project_id": fresh("cancelled")}
        passing = [Fault(FaultKind.STALL, seconds=0, role=role)] * (calls - 1)
        deployment.bedrock.inject(*passing, Fault(FaultKind.STALL, role=role))
        before = asked_by(deployment, agent)
        answer = ada.call("POST", f"/agents/{agent}/invocations", body, Prefer="wait=1")
        assert answer.status == 202, answer
        found = answer.document["id"]
        eventually(lambda: asked_by(deployment, agent) - before == calls)
        cancelled = ada.call("DELETE", f"/invocations/{found}")
        assert cancelled.status == 202, cancelled
        ended = ada.end_of(found)
        assert (ended["state"], ended["error"]["code"]) == ("cancelled", "CANCELLED")
        assert ended["usage"]["tool_calls"] == calls - 1
        assert asked_by(deployment, agent) - before == calls
        listed = client("s3").list_objects_v2(
            Bucket=deployment.outputs[Output.ARTIFACTS_BUCKET],
            Prefix=f"{agent}/{ended['project_id']}/manifest.json",
        )
        assert listed["KeyCount"] == 0
        assert ada.call("DELETE", f"/invocations/{found}").document == ended

    def test_a_conversation_is_free_again(self, deployment: Deployment, ada: Caller) -> None:
        role = deployment.role(AGENT).rpartition("/")[2]
        deployment.bedrock.inject(Fault(FaultKind.STALL, role=role))
        name = fresh("cancelled-turn")
        session = {"session_id": name}
        answer = ada.ask(AGENT, QUESTION, **session, headers={"Prefer": "wait=1"})
        assert answer.status == 202, answer
        busy = ada.ask(AGENT, "Another?", **session)
        assert (busy.status, busy.document["code"]) == (409, "SESSION_BUSY")
        assert ada.call("DELETE", f"/sessions/{name}").status == 409
        ada.call("DELETE", f"/invocations/{answer.document['id']}")
        assert ada.end_of(answer.document["id"])["state"] == "cancelled"
        assert ada.ask(AGENT, "Another?", **session).status == 200
        turns = ada.call("GET", f"/sessions/{name}").document["turns"]
        assert [turn["query"] for turn in turns] == ["Another?"]


class TestSomebodyElse:
    def test_another_callers_are_not_there(self, ada: Caller, bob: Caller) -> None:
        session = fresh("hers")
        answer = ada.ask(AGENT, QUESTION, session_id=session)
        for path in (f"/invocations/{answer.document['id']}", f"/sessions/{session}"):
            assert ada.call("GET", path).status == 200
            for method in ("GET", "DELETE"):
                refused = bob.call(method, path)
                assert (refused.status, refused.document["code"]) == (404, "NOT_FOUND")
            assert ada.call("GET", path).status == 200

    def test_the_same_names_are_his_own(
        self, deployment: Deployment, ada: Caller, bob: Caller
    ) -> None:
        key = {"Idempotency-Key": fresh("a-common-key")}
        session = fresh("common")
        with model_calls(deployment, 2):
            hers = ada.ask(AGENT, "Hers?", session_id=session, headers=key)
            his = bob.ask(AGENT, "His?", session_id=session, headers=key)
        assert (hers.status, his.status) == (200, 200)
        assert "His?" in his.document["result"]["response"]
        assert hers.document["project_id"] != his.document["project_id"]
        for caller, query in ((ada, "Hers?"), (bob, "His?")):
            turns = caller.call("GET", f"/sessions/{session}").document["turns"]
            assert [turn["query"] for turn in turns] == [query]


def begun(caller: Caller, invocation_id: str) -> bool:
    """Whether an agent has begun with what may not even be recorded yet."""
    answer = caller.call("GET", f"/invocations/{invocation_id}")
    return answer.status == 200 and answer.document["state"] != "pending"


@contextmanager
def impatient_gateway(deployment: Deployment, timeout_ms: int) -> Iterator[None]:
    """Have API Gateway wait no longer for the agent's answer, and as long as before after it."""
    gateway = client("apigateway")
    api_id = deployment.outputs[Output.API_URL].split("//")[1].split(".")[0]
    (resource,) = (
        one["id"]
        for one in gateway.get_resources(restApiId=api_id, limit=500)["items"]
        if one["path"] == f"/agents/{AGENT}/invocations"
    )
    stage = gateway.get_stages(restApiId=api_id)["item"][0]
    place = {"restApiId": api_id, "resourceId": resource, "httpMethod": "POST"}
    path, before = "/timeoutInMillis", gateway.get_integration(**place)["timeoutInMillis"]

    def serve(milliseconds: int) -> None:
        change: Any = {"op": "replace", "path": path, "value": str(milliseconds)}
        gateway.update_integration(**place, patchOperations=[change])

    serve(timeout_ms)
    impatient = gateway.create_deployment(restApiId=api_id, stageName=stage["stageName"])
    try:
        yield
    finally:
        serve(before)
        back: Any = {"op": "replace", "path": "/deploymentId", "value": stage["deploymentId"]}
        gateway.update_stage(restApiId=api_id, stageName=stage["stageName"], patchOperations=[back])
        gateway.delete_deployment(restApiId=api_id, deploymentId=impatient["id"])
