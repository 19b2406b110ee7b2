"""What a model call opens is closed with its run, whenever it comes to be opened."""

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest

from tradewind.bedrock.calls import closing_streams
from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import ModelOutputTruncated


class Events:
    """botocore's stream."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield {"messageStart": {"role": "assistant"}}
        yield {"messageStop": {"stopReason": "end_turn"}}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def client(agent_variables: dict[str, str]) -> Any:
    """A client whose calls are answered by ``Events``."""
    client = create_bedrock_client(ModelEnvironment.from_variables(agent_variables))
    client._make_api_call = lambda _operation, _request: {"stream": Events(), "kept": 1}
    return client


def open_stream(client: Any) -> Any:
    return client.converse_stream(modelId="m", messages=[])["stream"]


def test_what_nobody_has_read_is_closed_at_the_end(client: Any) -> None:
    with closing_streams():
        first, second = open_stream(client), open_stream(client)
        assert not first._events.closed
    assert first._events.closed
    assert second._events.closed


def test_a_stream_that_opens_after_the_end_is_closed_at_once(client: Any) -> None:
    # A call on its way when the run ended: its thread would read for as long as the service stalls.
    with closing_streams():
        of_the_run = contextvars.copy_context()
    stream = of_the_run.run(open_stream, client)
    assert stream._events.closed


def test_another_runs_streams_stay_open(client: Any) -> None:
    with closing_streams():
        stream = contextvars.Context().run(open_stream, client)
        with closing_streams():
            pass
        ours = open_stream(client)
    assert not stream._events.closed
    assert ours._events.closed


def test_after_a_run_a_stream_is_nobodys_to_close(client: Any) -> None:
    with closing_streams():
        pass
    assert not open_stream(client)._events.closed


def test_a_call_outside_of_a_run_is_metered_by_nobody(client: Any) -> None:
    answer = contextvars.Context().run(lambda: client.converse_stream(modelId="m", messages=[]))
    assert answer["kept"] == 1
    assert len(list(answer["stream"])) == 2
    assert not answer["stream"]._events.closed


def test_an_answer_that_is_not_streamed_is_metered_and_its_end_is_checked(client: Any) -> None:
    def answer(_operation: str, _request: Any) -> Any:
        usage = {"inputTokens": 7, "outputTokens": 3}
        return {"stopReason": next(reasons), "usage": usage, "output": {}}

    reasons = iter(["end_turn", "max_tokens"])
    client._make_api_call = answer
    meter = ModelMeter()

    def calls() -> None:
        current_meter.set(meter)
        assert client.converse(modelId="m", messages=[])["output"] == {}
        with pytest.raises(ModelOutputTruncated):
            client.converse(modelId="m", messages=[])

    contextvars.copy_context().run(calls)
    assert (meter.calls, meter.errors, meter.call_tokens) == (2, 0, [(7, 3), (7, 3)])
    assert len(meter.latencies_ms) == 2
    assert meter.first_token_ms == []


def test_a_call_that_fails_to_open_is_counted_and_raised(client: Any) -> None:
    meter = ModelMeter()

    def refuse(_operation: str, _request: Any) -> Any:
        raise KeyError("x")

    client._make_api_call = refuse

    def call() -> None:
        current_meter.set(meter)
        open_stream(client)

    with pytest.raises(KeyError):
        contextvars.copy_context().run(call)
    assert (meter.calls, meter.errors, meter.latencies_ms) == (1, 1, [])
