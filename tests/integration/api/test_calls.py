"""Calls of the API over the wire: real clients, a real table, a Lambda that fails on demand."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.api_events import ADA, BOB, proxy_event
from tests.dynamodb import TableFault
from tests.integration.api.conftest import ApiUnderTest, recorded_of
from tests.integration.records.requests import encoded
from tests.metric_lines import metrics_in
from tradewind.api import service
from tradewind.api.service import ApiService

ASK = "/agents/terrain/invocations"
BODY = {"query": "A secret question?", "parameters": {"radius_km": 3}}
NOW = {"Prefer": "respond-async"}


def test_an_answer_in_time_is_given_whole(api: ApiUnderTest) -> None:
    status, invocation, headers = api("POST", ASK, BODY)
    assert status == 200
    assert headers["Location"] == f"/invocations/{invocation['id']}"
    assert invocation["state"] == "succeeded"
    assert invocation["result"]["response"] == "the words of the answer"
    assert invocation["usage"]["cost_usd"] == 0.0045
    (artifact,) = invocation["result"]["artifacts"]
    assert artifact["name"] == "map.svg"
    assert "X-Amz-Expires=900" in artifact["url"]
    ((kind, event),) = api.functions.events
    assert kind == "RequestResponse"
    assert event == {
        **BODY,
        "agent": "terrain",
        "owner": ADA,
        "accepted": True,
        "project_id": invocation["project_id"],
        "request_id": invocation["id"].partition(".")[2],
    }
    again = api("GET", headers["Location"])[1]
    assert again["result"]["response"] == invocation["result"]["response"]


def test_one_who_does_not_wait_is_told_where_to_look(api: ApiUnderTest) -> None:
    status, invocation, headers = api("POST", ASK, BODY, headers=NOW)
    assert (status, invocation["state"]) == (202, "pending")
    assert headers["Preference-Applied"] == "respond-async"
    assert headers["Retry-After"] == "2"
    assert invocation["started_at"] is None
    (event,) = api.functions.queue
    api.work(event)
    assert api("GET", headers["Location"])[1]["state"] == "succeeded"


def test_a_wait_that_ends_leaves_the_function_at_work_and_nothing_behind(
    api: ApiUnderTest,
) -> None:
    api.functions.plan = ["late"]
    status, invocation, headers = api("POST", ASK, BODY, headers={"Prefer": "wait=1"})
    assert (status, invocation["state"]) == (202, "pending")
    assert headers["Preference-Applied"] == "wait=1"
    # Not known to have begun: it was told again, without anybody waiting.
    assert [kind for kind, _ in api.functions.events] == ["RequestResponse", "Event"]
    # The next request gets its own answer, over connections of its own.
    other = api("POST", ASK, {"query": "Another?"})
    assert other[0] == 200
    assert other[1]["id"] != invocation["id"]
    api.functions.done.clear()
    api.functions.go_on.set()
    assert api.functions.done.wait(120)
    assert api("GET", headers["Location"])[1]["state"] == "succeeded"
    # The event that was sent to be sure finds it done.
    assert api.work(api.functions.queue[0], response="otherwise")["success"]
    kept = api("GET", headers["Location"])[1]
    assert kept["result"]["response"] == "the words of the answer"


@pytest.mark.parametrize("plan", [["cut"], ["cut", "cut"]])
def test_a_broken_connection_is_looked_behind(api: ApiUnderTest, plan: list[str]) -> None:
    api.functions.plan = plan
    status, invocation, _ = api("POST", ASK, BODY)
    assert (status, invocation["state"]) == (200, "succeeded")


def test_load_is_shed_at_the_door_and_the_same_request_may_come_again(
    api: ApiUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    for headers in ({}, NOW):
        api.functions.plan = ["throttle"]
        key = {"Idempotency-Key": f"k{len(headers)}", **headers}
        status, problem, told = api("POST", ASK, BODY, headers=key)
        assert (status, problem["code"]) == (429, "AGENT_BUSY")
        assert (told["Retry-After"], problem["retry_after_s"]) == ("5", 5)
        assert told["Content-Type"] == "application/problem+json"
        assert api("GET", told["Location"])[1]["error"]["code"] == "AGENT_BUSY"
        assert api("POST", ASK, BODY, headers=key)[0] in {200, 202}
    assert capsys.readouterr().out.count('"RequestsShed":1.0') == 2


def test_what_cannot_be_handed_over_is_not_left_to_hope(api: ApiUnderTest) -> None:
    api.functions.plan = ["cut"] * 3
    status, problem, headers = api("POST", ASK, BODY, headers=NOW)
    assert (status, problem["code"]) == (503, "NOT_STARTED")
    assert headers["Retry-After"] == "5"
    # An event that arrived all the same finds the record closed.
    assert api.work(api.functions.events[0][1])["error"]["code"] == "DUPLICATE_REQUEST"


def test_what_is_too_large_for_the_queue_is_handed_over_directly(api: ApiUnderTest) -> None:
    api.functions.plan = ["too large"]
    status, invocation, _ = api("POST", ASK, BODY, headers=NOW)
    assert (status, invocation["state"]) == (202, "succeeded") or status == 200
    assert [kind for kind, _ in api.functions.events] == ["Event", "RequestResponse"]
    api.functions.plan = ["too large", "too large"]
    status, problem, _ = api("POST", ASK, {"query": "x"}, headers=NOW)
    assert (status, problem["code"]) == (400, "QUERY_TOO_LONG")


def test_what_is_too_large_for_the_queue_is_not_left_to_hope_either(api: ApiUnderTest) -> None:
    api.functions.plan = ["too large", "cut"]
    assert api("POST", ASK, BODY, headers=NOW)[1]["state"] == "succeeded"
    api.functions.plan = ["too large", *["cut"] * 3]
    status, problem, headers = api("POST", ASK, {"query": "x"}, headers=NOW)
    assert (status, problem["code"]) == (503, "NOT_STARTED")
    assert api("GET", headers["Location"])[1]["state"] == "failed"


def test_handing_over_what_is_large_leaves_time_to_answer(api: ApiUnderTest) -> None:
    api.functions.plan = ["late", "too large", "late"]
    api.remaining_ms = 5000
    status, invocation, _ = api("POST", ASK, BODY, headers={"Prefer": "wait=1"})
    assert (status, invocation["state"]) == (202, "pending")
    assert len(api.functions.events) == 3


def test_a_failure_is_a_problem_and_a_kept_one(api: ApiUnderTest) -> None:
    api.functions.work = lambda event: api.work(event, "MODEL_FAILED")
    key = {"Idempotency-Key": "one"}
    status, problem, headers = api("POST", ASK, BODY, headers=key)
    assert (status, problem["code"], problem["detail"]) == (502, "MODEL_FAILED", "why")
    assert problem["type"] == "urn:tradewind:error:MODEL_FAILED"
    assert headers["Location"] == f"/invocations/{problem['invocation_id']}"
    assert api("POST", ASK, BODY, headers=key)[1] == problem
    status, invocation, _ = api("GET", headers["Location"])
    assert (status, invocation["state"]) == (200, "failed")
    assert len(api.functions.events) == 1


def test_a_failure_that_is_answered_is_logged_by_its_code(
    api: ApiUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    api.functions.work = lambda event: api.work(event, "MODEL_FAILED")
    path = api("POST", ASK, BODY)[2]["Location"]
    api("GET", path)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(one["status"], one.get("error_code")) for one in lines if "status" in one]
    assert told == [(502, "MODEL_FAILED"), (200, None)]


def test_what_a_function_refuses_before_it_begins_is_the_answer(api: ApiUnderTest) -> None:
    refusal = {"success": False, "error": {"code": "INVALID_REQUEST", "message": "No such field."}}
    api.functions.work = lambda _event: refusal
    status, problem, headers = api("POST", ASK, BODY)
    assert (status, problem["detail"]) == (400, "No such field.")
    assert api("GET", headers["Location"])[1]["state"] == "failed"


@pytest.mark.parametrize("headers", [{}, NOW])
def test_more_than_the_agents_give_is_refused_at_the_door(
    api: ApiUnderTest, headers: dict[str, str]
) -> None:
    status, problem, _ = api("POST", ASK, BODY | {"max_tokens": 1025}, headers=headers)
    assert (status, problem["code"], problem["field"]) == (400, "INVALID_REQUEST", "max_tokens")
    assert "invocation_id" not in problem
    assert api.functions.events == []


def test_another_callers_project_is_not_there(api: ApiUnderTest) -> None:
    for named in ("shared", "s" * 63, None):
        body = BODY | ({"project_id": named} if named else {})
        mine = api("POST", ASK, body)[1]["project_id"]
        # It is called so from then on.
        assert api("POST", ASK, BODY | {"project_id": mine})[1]["project_id"] == mine
        assert not named or api("POST", ASK, body)[1]["project_id"] == mine
        for guess in (mine, named):
            theirs = api("POST", ASK, BODY | {"project_id": guess or mine}, caller=BOB)[1]
            assert theirs["project_id"] != mine
    session = BODY | {"session_id": "talk"}
    mine, theirs = (api("POST", ASK, session, caller=who)[1]["project_id"] for who in (ADA, BOB))
    assert mine != theirs
    assert api("POST", ASK, BODY | {"project_id": mine}, caller=BOB)[1]["project_id"] != mine


def test_another_callers_invocation_is_not_there(api: ApiUnderTest) -> None:
    path = api("POST", ASK, BODY)[2]["Location"]
    missing = path[:-1] + ("0" if path[-1] != "0" else "1")
    for method in ("GET", "DELETE"):
        others = api(method, path, caller=BOB)
        assert others == api(method, missing, caller=ADA)
        assert (others[0], others[1]["code"]) == (404, "NOT_FOUND")
    # The same key is another request of somebody else's.
    key = {"Idempotency-Key": "one"}
    mine, theirs = (api("POST", ASK, BODY, headers=key, caller=who)[1] for who in (ADA, BOB))
    assert mine["id"] == theirs["id"]
    assert mine["project_id"] != theirs["project_id"]
    assert len(api.functions.events) == 3


def test_one_that_was_asked_past_the_api_is_shown_and_not_promised_to_be_cancelled(
    api: ApiUnderTest,
) -> None:
    direct = recorded_of(BODY | {"request_id": "r-1", "project_id": "p-1", "owner": ADA})
    api.records.start(direct, remaining_s=900, ttl_days=1)
    path = "/invocations/terrain.r-1"
    status, problem, _ = api("DELETE", path)
    assert (status, problem["code"]) == (409, "NOT_CANCELLABLE")
    assert api("GET", path)[1]["state"] == "running"
    api.records.finish(direct, encoded())
    assert api("DELETE", path)[:2] == api("GET", path)[:2]


def test_twenty_repeats_are_one_request(api: ApiUnderTest) -> None:
    api.functions.plan = ["late"]
    headers = {"Idempotency-Key": "one", "Prefer": "wait=1"}
    first = api("POST", ASK, BODY, headers=headers)
    assert first[0] == 202
    api.functions.go_on.set()
    assert api.functions.done.wait(120)
    answers = [api("POST", ASK, BODY, headers=headers) for _ in range(20)]
    assert {status for status, _, _ in answers} == {200}
    assert {one["id"] for _, one, _ in answers} == {first[1]["id"]}
    changed = api("POST", ASK, {**BODY, "query": "Another?"}, headers=headers)
    assert (changed[0], changed[1]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_nothing_of_a_question_or_an_answer_is_logged(
    api: ApiUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    api("POST", ASK, BODY, headers={"Idempotency-Key": "my-own-key"})
    api("POST", ASK, '{"query": "A secret question?')
    api("POST", ASK, {"query": "A secret question?", "A secret field": 1})
    printed = capsys.readouterr().out
    for word in ("secret", "words of the answer", "my-own-key", ADA, "ada"):
        assert word not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    done = [line for line in lines if line.get("message") == "API call done"]
    assert [(line["status"], line.get("error_code")) for line in done] == [
        (200, None),
        (400, "INVALID_REQUEST"),
        (400, "INVALID_REQUEST"),
    ]
    assert done[0]["route"] == "POST /agents/{agent}/invocations"
    metrics = metrics_in(lines)
    assert [line["ApiCalls"] for line in metrics] == [[1.0]] * 3
    assert [line["ApiRefusals"] for line in metrics] == [[0.0], [1.0], [1.0]]
    assert [line["ApiColdStart"] for line in metrics] == [[1.0], [0.0], [0.0]]
    assert [line["ApiErrors"] for line in metrics] == [[0.0]] * 3
    assert "ApiInitTime" in metrics[0]
    assert "ApiInitTime" not in metrics[1]


def test_a_call_is_as_long_as_the_clock_says(
    api: ApiUnderTest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([10.0, 10.5])
    clock = SimpleNamespace(monotonic=time.monotonic, perf_counter=lambda: next(moments))
    monkeypatch.setattr(service, "time", clock)
    monkeypatch.setattr(ApiService, "init_ms", property(lambda _: 123.0))
    api("GET", "/agents")
    (line,) = metrics_in(map(json.loads, capsys.readouterr().out.splitlines()))
    assert (line["ApiLatency"], line["ApiInitTime"]) == ([500.0], [123.0])


DEEP = "[" * 100_000 + "]" * 100_000
HOSTILE: list[tuple[dict[str, Any], int, str]] = [
    ({"body": ""}, 400, "INVALID_REQUEST"),
    ({"body": "{"}, 400, "INVALID_REQUEST"),
    ({"body": "[]"}, 400, "INVALID_REQUEST"),
    ({"body": "null"}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "query": "b"}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": 1}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": " "}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "owner": "bob"}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "accepted": true}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "request_id": "r"}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "parameters": {"x": NaN}}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "parameters": {"x": 1e999}}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "parameters": {"x": "\\ud800"}}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "\\ud800": 1}'}, 400, "INVALID_REQUEST"),
    ({"body": f'{{"query": "a", "parameters": {{"x": {DEEP}}}}}'}, 400, "INVALID_REQUEST"),
    ({"body": '{"query": "a", "parameters": {"x": ' + "9" * 5000 + "}}"}, 400, "INVALID_REQUEST"),
    ({"body": json.dumps({"query": "a" * 16_001})}, 400, "QUERY_TOO_LONG"),
    ({"body": json.dumps({"query": "a" * 11_000_000})}, 400, "QUERY_TOO_LONG"),
    ({"body": "\ud800"}, 400, "INVALID_REQUEST"),
    ({"body": "!!!", "isBase64Encoded": True}, 400, "INVALID_REQUEST"),
    ({"headers": {}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ({"headers": {"content-type": "text/plain"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ({"headers": {"content-type": "application/json", "prefer": "wait=x"}}, 400, "INVALID_REQUEST"),
    (
        {"headers": {"content-type": "application/json", "prefer": "wait=-1"}},
        400,
        "INVALID_REQUEST",
    ),
    (
        {"headers": {"content-type": "application/json", "idempotency-key": ""}},
        400,
        "INVALID_REQUEST",
    ),
    (
        {"headers": {"content-type": "application/json", "idempotency-key": "k" * 256}},
        400,
        "INVALID_REQUEST",
    ),
    ({"multiValueQueryStringParameters": {"owner": ["bob"]}}, 400, "INVALID_REQUEST"),
    ({"pathParameters": {"proxy": "agents/nobody/invocations"}}, 404, "NOT_FOUND"),
    ({"pathParameters": {"proxy": "agents/../invocations"}}, 404, "NOT_FOUND"),
    ({"pathParameters": {"proxy": "agents/terrain/invocations/"}}, 404, "NOT_FOUND"),
    ({"pathParameters": None}, 404, "NOT_FOUND"),
    ({"httpMethod": "GET"}, 405, "METHOD_NOT_ALLOWED"),
    ({"httpMethod": "HEAD"}, 405, "METHOD_NOT_ALLOWED"),
    ({"httpMethod": "post "}, 405, "METHOD_NOT_ALLOWED"),
    ({"requestContext": {}}, 403, "FORBIDDEN"),
    ({"requestContext": None}, 403, "FORBIDDEN"),
]


@pytest.mark.parametrize(("changes", "status", "code"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_broken_or_hostile_is_a_documented_problem(
    api: ApiUnderTest, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = api.raw({**proxy_event("POST", ASK, BODY), **changes})
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["status"], problem["code"]) == (status, status, code)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert len(answer["body"]) < 2000
    if status == 405:
        assert answer["headers"]["Allow"] == "POST"
    assert api.functions.events == []
    assert "PutItem" not in api.database.calls


def test_a_table_that_fails_is_a_problem_of_ours(api: ApiUnderTest) -> None:
    api.database.inject(TableFault.DENIED, "PutItem")
    assert api("POST", ASK, BODY)[1]["code"] == "STORAGE_ACCESS_DENIED"
    api.database.inject(TableFault.ERROR_BEFORE, "GetItem", 99)
    api.remaining_ms = 3000
    status, problem, _ = api("GET", "/invocations/terrain.i-1")
    assert (status, problem["code"]) in {
        (503, "STORAGE_UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    }


@pytest.mark.parametrize(
    ("begun", "metric", "code"),
    [(False, "RequestsNotStarted", "NOT_STARTED"), (True, "RecordsSettled", "FUNCTION_DIED")],
)
def test_who_meets_what_is_over_by_the_clock_first_counts_it(
    api: ApiUnderTest, capsys: pytest.CaptureFixture[str], begun: bool, metric: str, code: str
) -> None:
    path = api("POST", ASK, BODY, headers=NOW)[2]["Location"]
    (event,) = api.functions.queue
    recorded = recorded_of(event)
    if begun:
        api.records.start(recorded, remaining_s=-10, ttl_days=1)
    else:
        api.records.table.update(
            recorded.record_id,
            {"deadline_at": {"N": "1"}},
            condition="#status = :p",
            compared={":p": {"S": "pending"}},
        )
    capsys.readouterr()
    for _ in range(2):
        assert api("GET", path)[1]["error"]["code"] == code
    printed = map(json.loads, capsys.readouterr().out.splitlines())
    (line,) = [one for one in printed if one.get(metric) == 1]
    assert line["request_id"] == recorded.request_id


def test_what_the_api_may_not_invoke_is_said(api: ApiUnderTest) -> None:
    api.functions.plan = ["denied"]
    status, problem, _ = api("POST", ASK, BODY)
    assert (status, problem["code"]) == (403, "STORAGE_ACCESS_DENIED")
    # Nobody will begin with it, and once it is mended the same request may be sent again.
    key = {"Idempotency-Key": "one"}
    for headers in (key, key | NOW):
        api.functions.plan = ["denied"]
        assert api("POST", ASK, BODY, headers=headers)[0] == 403
        found = api(
            "GET",
            f"/invocations/{api.functions.events[-1][1]['agent']}."
            + api.functions.events[-1][1]["request_id"],
        )[1]
        assert (found["state"], found["error"]["code"]) == ("failed", "NOT_STARTED")
    assert api("POST", ASK, BODY, headers=key)[1]["state"] == "succeeded"


def test_the_agents_are_told_with_an_example_that_can_be_asked(api: ApiUnderTest) -> None:
    status, told, _ = api("GET", "/agents")
    assert status == 200
    assert [one["name"] for one in told["agents"]] == ["terrain", "layout"]
    for one in told["agents"]:
        assert one["description"]
        asked = api("POST", f"/agents/{one['name']}/invocations", one["example"], headers=NOW)
        assert asked[0] == 202
