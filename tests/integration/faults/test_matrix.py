"""Every fault that the stand-in injects, behind every door: the right answer or one typed error.

The cells are made from the stand-in's list of faults. A request that calls a tool meets its fault
on the call after it, so that a tool could run twice; the assistant has none, and meets it at once.
A fault of an idle connection is met by the call after an earlier request. What must be true of each
end is the same for all of them.

The first three doors are the handler of an agent: on Strands with a tool, as the crew's are; the
assistant's kind of definition, on PydanticAI; and a workflow. All their calls are ConverseStream.
Converse is what Strands sends where a model is told not to stream; PydanticAI's is always streamed.
The API and AgentCore add a transport to the same handler, so each kind of fault has one row there.

Elsewhere: faults of storage (``bad_day``), of a runtime's wire (``agentcore``), every code of an
error (``handler/test_fault_table.py``), a stall until the deadline (``handler/test_bad_days.py``).
"""

import json
import uuid
from typing import Any

import pytest

from devtools.localcloud.bedrock import FaultKind
from tests.integration.faults.conftest import Script, lasting
from tests.integration.faults.doors import TIME_S, Doors
from tests.integration.faults.expectations import EXPECTED, Cell, Door, Operation, cells
from tests.integration.faults.page import PAGE, render
from tests.metric_lines import metrics_in
from tradewind.records.item import RecordStatus, StoredRecord, read_item
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import MetricName


def test_every_kind_of_fault_has_an_expectation() -> None:
    assert set(EXPECTED) == set(FaultKind)


def test_the_page_says_what_is_expected() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "`make docs` writes it"


@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_a_fault_ends_in_the_right_answer_or_in_one_typed_error(
    doors: Doors, script: Script, cell: Cell, capfd: pytest.CaptureFixture[str]
) -> None:
    request_id = f"r-{uuid.uuid4().hex}"
    harness = doors.harness(cell)
    script.begin()
    doors.tools_run = 0
    fault = lasting(cell.expected.fault) if cell.lasting else cell.expected.fault
    if cell.expected.on_idle:
        script.standin.inject(cell.expected.fault)
        assert doors.ask(cell, f"{request_id}-before", at_once=True)["success"]
        script.standin.reset()
    elif cell.door is Door.ASSISTANT:
        script.standin.inject(fault)
    else:
        script.waiting.append(fault)
    capfd.readouterr()

    answer = doors.ask(cell, request_id, at_once=cell.expected.on_idle)

    stats = script.standin.stats()
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    tools = 0 if cell.door is Door.ASSISTANT or cell.expected.on_idle else 1
    _check_answer(cell, answer, tools)
    assert script.tools_called == tools
    # Of a workflow, each step is told, and none of the tools within it.
    assert answer["usage"]["tool_calls"] == (1 if cell.door is Door.WORKFLOW else tools)
    assert doors.tools_run == (0 if cell.door is Door.WORKFLOW else tools)
    sent = tools + cell.faulty_calls + (cell.code is None)
    assert answer["usage"]["model_calls"] == sent
    assert stats.requests == sent - (not cell.expected.seen)
    if cell.expected.on_idle:
        assert stats.connections_opened == (cell.code is None)
    _check_metrics(cell, lines, sent)
    _check_record(cell, _record(harness.records.items(), answer["request_id"]), answer)


def _check_answer(cell: Cell, answer: dict[str, Any], tools: int) -> None:
    error = answer["error"] or {}
    assert error.get("code") == cell.code
    assert answer["success"] is (cell.code is None)
    assert answer["performance"]["executionTime"] < 1000 * TIME_S
    said = answer["response"].count("[scripted model]")
    if answer["success"]:
        assert said == 1
    elif cell.door is not Door.WORKFLOW:
        # What came before the fault, and what the last attempt had said; nothing of those before.
        assert said == tools + (cell.expected.begun and cell.operation is Operation.STREAM)


def _check_metrics(cell: Cell, lines: list[dict[str, Any]], sent: int) -> None:
    values: dict[str, list[float]] = {}
    for line in metrics_in(lines):
        values |= {name: line[name] for name in MetricName if name in line}
    counted = cell.faulty_calls if cell.expected.counted else 0
    throttled = cell.code == "MODEL_THROTTLED" or cell.kind in {
        FaultKind.THROTTLED,
        FaultKind.STREAM_THROTTLED,
    }
    repeats = cell.faulty_calls - (cell.code is not None)
    expected = {
        "Invocations": 1,
        "Errors": int(cell.code is not None),
        "ModelCalls": sent,
        "ModelErrors": counted,
        "ModelThrottles": counted if throttled else 0,
        "ModelRetries": repeats,
        "RejectedRequests": 0,
        "DeadlineStops": 0,
    }
    told = {name: sum(values.get(name, [0])) for name in expected}
    assert told == expected
    [done] = [line for line in lines if line.get("message") == REQUEST_DONE]
    assert done.get("error_code") == cell.code


def _record(items: dict[str, Any], request_id: str) -> StoredRecord:
    return read_item(items[request_id])


def _check_record(cell: Cell, record: StoredRecord, answer: dict[str, Any]) -> None:
    assert record.status is (RecordStatus.FAILED if cell.code else RecordStatus.SUCCEEDED)
    assert record.error_code == cell.code
    assert record.answer == answer
