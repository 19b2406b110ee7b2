"""Tool calls are counted however a run ends: in the metrics, in the answer and in the log."""

import json
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.answers import calling_with, saying
from tests.frameworks import FRAMEWORKS, Sketch
from tests.integration.handler.conftest import Build, Context, Harness
from tests.metric_lines import metrics_in
from tradewind.contracts.errors import StorageUnavailable, ToolInputError
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.project import Project
from tradewind.telemetry.wordless_spans import WordlessExporter

QUERY = {"query": "Survey the land of jane.doe.", "request_id": "r"}
SECRET = "jane.doe 4111111111111111"

_released = threading.Event()


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    _released.clear()
    yield
    _released.set()


def survey(project: Project) -> str:
    """Survey."""
    return "surveyed"


def refuse(project: Project) -> NoReturn:
    """Refuse what the model gave."""
    raise ToolInputError("Give another radius.")


def lose(project: Project) -> NoReturn:
    """Lose the storage."""
    raise StorageUnavailable("S3 is down.")


def break_down(project: Project) -> NoReturn:
    """Meet a defect."""
    raise KeyError(SECRET)


def break_with(radius_km: float = 1) -> float:
    """Meet a defect in a tool that knows nothing of a project."""
    areas: dict[str, float] = {}
    return areas[f"{SECRET} {radius_km}"]


def break_in_a_group(project: Project) -> NoReturn:
    """Meet several."""
    raise ExceptionGroup(SECRET, [KeyError(SECRET), ValueError(SECRET)])


def break_while_handling(project: Project) -> NoReturn:
    """Meet one while handling another."""
    try:
        break_down(project)
    except KeyError:
        raise ValueError(SECRET)  # noqa: B904  a cause that was forgotten


def run_out(project: Project) -> str:
    """Run out of items."""
    return str(next(iter(())))


def flood(project: Project) -> str:
    """Return more than a conversation takes."""
    project.report_facts(flooded=1)
    return "x" * 3_000_000


def hang(project: Project) -> str:
    """Hang."""
    _released.wait(180)
    return "late"


SKETCH = Sketch(
    "You survey.",
    (
        survey,
        refuse,
        lose,
        break_down,
        break_with,
        break_in_a_group,
        break_while_handling,
        run_out,
        flood,
        hang,
    ),
)


def says(*calls: str) -> Fault:
    return Fault(FaultKind.SAYS, events=calling_with(*((call, "{}") for call in calls)))


def answer_to(harness: Harness, context: Context | None = None) -> dict[str, Any]:
    try:
        return harness.handle(QUERY, context)
    except InvocationFailed as failed:
        return failed.answer.model_dump(mode="json")


def told(output: str) -> tuple[tuple[float, float, int], list[dict[str, Any]]]:
    """ToolCalls, ToolErrors, the log line's tool_calls; and the lines that tell of a defect."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    [metrics] = metrics_in(lines)
    [done] = [line for line in lines if line.get("message") == "Request done"]
    defects = [line for line in lines if "error_causes" in line]
    return (metrics["ToolCalls"][0], metrics["ToolErrors"][0], done["tool_calls"]), defects


DONE = Fault(FaultKind.SAYS, events=saying("Done."))
ACCESS = Fault(FaultKind.ACCESS_DENIED)
CUT_SHORT = Fault(FaultKind.SAYS, events=saying("Do", stop_reason="max_tokens"))

ENDS: dict[str, tuple[list[Fault], str | None, int, int]] = {
    "well": ([says("survey"), says("survey"), DONE], None, 2, 0),
    "a refused input": ([says("refuse"), says("survey"), DONE], None, 2, 1),
    "lost storage": ([says("survey"), says("lose"), DONE], "STORAGE_UNAVAILABLE", 2, 1),
    "a defect": ([says("survey"), says("break_down"), DONE], "INTERNAL_ERROR", 2, 1),
    "a defect in a plain tool": ([says("break_with"), DONE], "INTERNAL_ERROR", 1, 1),
    "a group of defects": ([says("break_in_a_group"), DONE], "INTERNAL_ERROR", 1, 1),
    "a forgotten cause": ([says("break_while_handling"), DONE], "INTERNAL_ERROR", 1, 1),
    "no more items": ([says("run_out"), DONE], "INTERNAL_ERROR", 1, 1),
    "a denied model": ([says("survey"), says("refuse"), ACCESS], "MODEL_ACCESS_DENIED", 2, 1),
    "a cut answer": ([says("survey"), CUT_SHORT], "MODEL_OUTPUT_TRUNCATED", 1, 0),
    "an unknown tool": ([says("survay"), ACCESS], "MODEL_ACCESS_DENIED", 1, 1),
    "a result that is too long": ([says("flood"), says("survey"), DONE], None, 2, 1),
    "the deadline": ([says("survey"), says("hang")], "DEADLINE_EXCEEDED", 2, 1),
}


@pytest.mark.parametrize("end", ENDS)
def test_each_call_is_counted_and_each_defect_logged_once(
    build: Build,
    standin: BedrockStandIn,
    end: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults, code, calls, errors = ENDS[end]
    standin.inject(*faults)
    harness = build(SKETCH)
    answer = answer_to(harness, Context(remaining_ms=6_000 if end == "the deadline" else 60_000))
    assert (answer["error"] or {}).get("code") == code
    assert answer["usage"]["tool_calls"] == calls
    printed = capfd.readouterr()
    counts, defects = told(printed.out)
    assert counts == (calls, errors, calls)
    assert len(defects) == (code == "INTERNAL_ERROR")
    if defects:
        [defect] = defects
        causes = json.dumps(defect["error_causes"])
        assert defect["message"].endswith("failed unexpectedly")
        assert "test_counts.py" in causes
        for kind in {"a group of defects": ["ExceptionGroup", "KeyError", "ValueError"]}.get(
            end, ["StopIteration"] if end == "no more items" else ["KeyError"]
        ):
            assert kind in causes
    logged = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)
    for word in ("jane.doe", "4111111111111111"):
        assert word not in printed.out + printed.err + logged + json.dumps(answer["error"])


def test_a_result_that_is_too_long_goes_back_to_the_model(
    build: Build, standin: BedrockStandIn
) -> None:
    standin.inject(says("flood"), DONE)
    assert build(SKETCH).handle(QUERY)["success"]
    [result] = standin.prompts()[1].request["messages"][2]["content"]
    assert result["toolResult"]["status"] == "error"
    assert "Ask for less." in json.dumps(result["toolResult"]["content"])


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where Strands' spans go in a test, set up as ``start_tracing`` does it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WordlessExporter(exporter)))
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_unredacted_attributes=")
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    monkeypatch.setattr("strands.telemetry.tracer._tracer_instance", None)
    return exporter


@pytest.mark.parametrize("framework", [FRAMEWORKS["strands"]], ids=["strands"])
@pytest.mark.parametrize(
    "end",
    ["a defect", "a defect in a plain tool", "a group of defects", "a forgotten cause", "quoted"],
)
def test_no_word_of_an_exception_leaves_in_a_span(
    build: Build, standin: BedrockStandIn, end: str, spans: InMemorySpanExporter
) -> None:
    quoting = Fault(FaultKind.VALIDATION, message=f"Malformed: {SECRET}")
    standin.inject(*({"quoted": [quoting]} | {name: one[0] for name, one in ENDS.items()})[end])
    answer_to(build(SKETCH))
    sent = "\n".join(span.to_json() for span in spans.get_finished_spans())
    assert "exception.type" in sent
    for word in ("jane.doe", "4111111111111111"):
        assert word not in sent
