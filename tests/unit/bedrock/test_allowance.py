"""Each model call is reserved before it is sent, and settled once, however it ends."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
    NoCredentialsError,
    ReadTimeoutError,
)

from tradewind.aws.repeats import ConnectionRetired
from tradewind.bedrock.allowance import allowing, cost_nothing
from tradewind.bedrock.client import create_bedrock_client
from tradewind.bedrock.meter import ModelMeter
from tradewind.bedrock.streams import ModelStream
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.errors import BudgetExceeded, ModelStreamBroken
from tradewind.contracts.prices import ModelPrices

USAGE: Final = {"usage": {"inputTokens": 3, "outputTokens": 2}}


@dataclass
class Purse:
    """Notes what it is asked and told. An allowance, and its only reservation."""

    asked: list[Mapping[str, Any]] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    empty: bool = False

    def reserve(self, request: Mapping[str, Any]) -> "Purse":
        if self.empty:
            raise BudgetExceeded("nothing left")
        self.asked.append(request)
        return self

    def reserve_amount(self, nano: int) -> "Purse":
        raise NotImplementedError

    def settle_at(self, nano: int) -> None:
        raise NotImplementedError

    def settle(self, metadata: Mapping[str, Any] | None) -> None:
        self.told.append(metadata)

    def release(self) -> None:
        self.told.append("released")


@dataclass
class Events:
    """botocore's stream."""

    events: list[Any]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        """Nothing to close."""


START: Final = {"messageStart": {"role": "assistant"}}
STOP: Final = {"messageStop": {"stopReason": "end_turn"}}


def stream(purse: Purse, *events: Any) -> ModelStream:
    return ModelStream(Events(list(events)), ModelMeter(), 0.0, purse)


def test_a_stream_is_settled_by_its_metadata() -> None:
    purse = Purse()
    list(stream(purse, START, STOP, {"metadata": USAGE}))
    assert purse.told[0] == USAGE  # the first counts


@pytest.mark.parametrize("events", [(START, STOP), (START,), (START, KeyError("x")), ()], ids=repr)
def test_a_stream_without_metadata_is_settled_without(events: tuple[Any, ...]) -> None:
    purse = Purse()
    with contextlib.suppress(KeyError, ModelStreamBroken):
        list(stream(purse, *events))
    assert purse.told[0] is None


def test_a_stream_that_nobody_reads_on_is_settled_when_it_is_closed() -> None:
    purse = Purse()
    reading = stream(purse, START, STOP, {"metadata": USAGE})
    next(iter(reading))
    reading.close()
    assert purse.told == [None]


@pytest.fixture
def client(agent_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that reaches nothing."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "x")
    return create_bedrock_client(ModelEnvironment.from_variables(agent_variables))


def test_a_call_that_cannot_be_paid_is_not_sent(client: Any) -> None:
    sent: list[str] = []
    client._make_api_call = lambda operation, _request: sent.append(operation)
    with allowing(Purse(empty=True)), pytest.raises(BudgetExceeded):
        client.converse_stream(modelId="m", messages=[])
    assert sent == []


def test_a_call_is_reserved_with_all_its_arguments(client: Any) -> None:
    client._make_api_call = lambda _operation, _request: {"stream": Events([STOP])}
    purse = Purse()
    with allowing(purse):
        client.converse_stream(modelId="m", messages=[{"role": "user", "content": []}])
    assert purse.asked == [{"modelId": "m", "messages": [{"role": "user", "content": []}]}]
    assert purse.told == []


def test_a_call_that_is_not_valid_was_never_sent(client: Any) -> None:
    purse = Purse()
    with allowing(purse), pytest.raises(Exception, match="Parameter validation"):
        client.converse_stream(messages=7)
    assert purse.told == ["released"]


def test_what_is_sent_last_of_all_is_noted(client: Any) -> None:
    """A handler that refuses to send it comes before ours, whenever it was registered."""
    purse = Purse()

    def refuse(**_event: Any) -> None:
        raise KeyError("no")

    client.meta.events.register("before-send.bedrock-runtime", refuse)
    with allowing(purse), pytest.raises(KeyError):
        client.converse_stream(modelId="m", messages=[{"role": "user", "content": []}])
    assert purse.told == ["released"]


def test_what_breaks_off_once_it_is_sent_may_have_cost(client: Any) -> None:
    purse = Purse()

    def break_off(**_event: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://x")

    client.meta.events.register_last("before-send.bedrock-runtime", break_off)
    with allowing(purse), pytest.raises(ReadTimeoutError):
        client.converse_stream(modelId="m", messages=[{"role": "user", "content": []}])
    assert purse.told == [None]


def http(status: int, kind: type[ClientError] = ClientError) -> ClientError:
    return kind(
        {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "ConverseStream",
    )


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (http(400), True),
        (http(403), True),
        (http(429), True),
        (http(503), True),
        (http(408), False),
        (http(424), False),
        (http(500), False),
        (http(429, EventStreamError), False),
        (ConnectTimeoutError(endpoint_url="https://x"), True),
        (EndpointConnectionError(endpoint_url="https://x"), True),
        (ReadTimeoutError(endpoint_url="https://x"), False),
        (ConnectionRetired(endpoint_url="https://x"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'response', value)}",
)
def test_only_what_was_surely_not_worked_on_is_free(error: BaseException, *, free: bool) -> None:
    assert cost_nothing(error, begun=True) is free


def test_what_was_not_sent_is_free() -> None:
    assert cost_nothing(NoCredentialsError(), begun=False)


def test_without_an_allowance_nobody_pays(client: Any) -> None:
    client._make_api_call = lambda _operation, _request: {"stream": Events([STOP])}
    [stop] = client.converse_stream(modelId="m", messages=[])["stream"]
    assert stop == STOP


def test_a_meter_tells_what_calls_cost_with_their_guardrail() -> None:
    meter = ModelMeter()
    meter.tokens_used({"inputTokens": 10, "outputTokens": 1})
    meter.guardrail_used(
        {
            "trace": {
                "guardrail": {
                    "inputAssessment": {
                        "g": {"invocationMetrics": {"usage": {"topicPolicyUnits": 2}}}
                    }
                }
            }
        }
    )
    per_policy = dict.fromkeys(
        (
            "content",
            "sensitive_information",
            "contextual_grounding",
            "automated_reasoning",
            "image",
        ),
        0,
    )
    prices = ModelPrices.model_validate(
        {"input": 3, "output": 15, "cache_read": 0, "cache_write": 0}
        | {"guardrail": {"topic": 0.15, **per_policy}}
    )
    assert meter.cost_usd(prices) == pytest.approx((10 * 3 + 15) / 1e6 + 2 * 0.15 / 1e3)
    assert meter.cost_usd(None) is None
