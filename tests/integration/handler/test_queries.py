"""Saved queries find what they look for in the lines that handlers really print."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devtools.dashboard.insights import LogEvent, run
from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from stacks.parts.queries import SAVED
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.handler.conftest import CHAT, Build
from tradewind.telemetry.log_fields import REQUEST_DONE

Answer = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def framework() -> Framework:
    """Lines are the same from any."""
    return FRAMEWORKS["strands"]


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    """Run a saved query over what was printed, with what is to be put in it."""
    printed: list[str] = []

    def ask(title: str, **put: str) -> list[dict[str, Any]]:
        printed.extend(capsys.readouterr().out.splitlines())
        query = "\n| ".join(SAVED[title])
        for name, value in put.items():
            query = query.replace(f"PUT THE {name.replace('_', ' ').upper()} HERE", value)
        table = run(query, [LogEvent(0, "agent", "one", line) for line in printed])
        return [dict(zip(table.columns, row, strict=True)) for row in table.rows]

    return ask


def test_bedrocks_ids_of_a_request_are_found(
    build: Build, standin: BedrockStandIn, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.inject(Fault(FaultKind.THROTTLED))  # so that there are two of them
    build(CHAT).handle({"query": "How windy?", "request_id": "wanted"})
    build(CHAT).handle({"query": "How windy?", "request_id": "another"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [ids] = [
        line["bedrock_request_ids"]
        for line in lines
        if line.get("message") == REQUEST_DONE and line["request_id"] == "wanted"
    ]
    for line in lines:  # captured once
        print(json.dumps(line))

    [done] = [
        row
        for row in answer("one request, line by line", request_id="wanted")
        if row["message"] == REQUEST_DONE
    ]
    assert [done["bedrock_request_ids.0"], done["bedrock_request_ids.1"]] == ids
    # By Lambda's id, too: the report of one that is killed has no other.
    [lambdas] = {line["lambda_request_id"] for line in lines if "lambda_request_id" in line}
    by_lambdas = answer("one request, line by line", request_id=lambdas)
    assert REQUEST_DONE in [row["message"] for row in by_lambdas]
    [found] = answer("a request by its id at Bedrock", bedrock_request_id=ids[1])
    assert found["request_id"] == "wanted"
    assert found["bedrock_request_ids.1"] == ids[1]
