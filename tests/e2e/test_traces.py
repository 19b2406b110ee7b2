"""Spans leave a deployed function for where its setting says, without a word of what was said."""

from collections.abc import Iterator

import pytest

from cli.agents import example_request
from cli.invoke import invoke
from tests.collector import Collector, collecting
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment, eventually

FUNCTION = f"tradewind-local-{FIRST}"
WORD = "Zephyrhorst"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def traced(deployment: Deployment, collector: Collector) -> Iterator[None]:
    """The unpublished function sends spans; the published one, which others use, does not."""
    functions = deployment.functions
    environment = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]
    variables = environment["Variables"]
    sending = {**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": sending}
    )
    yield
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": variables}
    )


@pytest.mark.usefixtures("traced")
def test_agent_model_and_tools_are_spans_of_one_trace_without_a_word(
    deployment: Deployment, collector: Collector
) -> None:
    event = example_request(FIRST, deployment.project_id)
    event["query"] += f" {WORD}"
    answer = invoke(deployment.functions, FUNCTION, event).answer
    assert answer["success"], answer["error"]
    # After the answer, and before the process asks for the next event.
    eventually(lambda: any("invoke_agent" in span.name for span in collector.spans()))
    spans = collector.spans()
    names = [span.name for span in spans]
    assert sum("invoke_agent" in name for name in names) == 1
    assert sum(name.startswith("chat") for name in names) == answer["usage"]["model_calls"]
    assert sum("execute_tool" in name for name in names) == answer["usage"]["tool_calls"]
    assert len({span.trace_id for span in spans}) == 1
    everything = b"".join(collector.bodies)
    assert WORD.encode() not in everything
    assert answer["response"][:30].encode() not in everything
