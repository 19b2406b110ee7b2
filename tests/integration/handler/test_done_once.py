"""What a request needs once is done once: each repeat would cost every warm invocation."""

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from strands.models import model as strands_model

from tests.frameworks import Sketch
from tests.integration.handler.conftest import CHAT, Build
from tests.integration.handler.script import Script, calls, says
from tradewind.handlers import closing, served
from tradewind.run.project import Project
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

QUERY = {"query": "How windy is it?", "request_id": "r", "project_id": "p-1"}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], Counter[str]]:
    """Counts the calls of a module's function."""
    count: Counter[str] = Counter()

    def count_calls(module: Any, name: str) -> Counter[str]:
        function = getattr(module, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            count[name] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)
        return count

    return count_calls


def write_down(project: Project) -> str:
    """Take notes."""
    project.save("notes.txt", b"windy", "text/plain")
    return "done"


def test_an_answer_is_encoded_once_and_asks_for_its_memory_once(
    build: Build, script: Script, counted: Callable[[Any, str], Counter[str]]
) -> None:
    script(says("Windy."))
    count = counted(closing, "encode_answer")
    counted(served, "peak_memory_mb")
    assert build(CHAT).handle(QUERY)["success"]
    assert count == {"encode_answer": 1, "peak_memory_mb": 1}


def test_one_with_artifacts_is_encoded_anew_once_they_are_visible(
    build: Build, script: Script, counted: Callable[[Any, str], Counter[str]]
) -> None:
    script(calls("write_down"), says("Noted."))
    count = counted(closing, "encode_answer")
    answer = build(Sketch("You note.", (write_down,))).handle(QUERY)
    assert answer["success"]
    assert len(answer["artifacts"]) == 1
    assert count == {"encode_answer": 2}  # that takes time, which the answer tells


def test_no_tokens_are_estimated_that_nobody_asks_for(
    build: Build, script: Script, counted: Callable[[Any, str], Counter[str]]
) -> None:
    script(says("Windy."))
    count = counted(strands_model, "_estimate_tokens_with_heuristic")
    assert build(CHAT).handle(QUERY)["success"]
    assert not count


def test_a_line_of_metrics_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(sys.stdout, "write", written.append)
    metrics = RequestMetrics({Dimension.ENVIRONMENT: "test"})
    metrics.add(MetricName.INVOCATIONS, 1)
    metrics.flush()
    assert len(written) == 1
    assert written[0].endswith("}\n")
