"""What a call may cost is never less than what it costs, by whatever table."""

import unicodedata
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.budgets.costs import (
    MOST_OUTPUT_TOKENS,
    TOKENS_AROUND,
    TOKENS_OF_A_WINDOW,
    TOKENS_PER_BLOCK,
    MostCost,
    cost_nano,
    most_cost,
)
from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.prices import GuardrailPrices, ModelPrices, nano_of, usd_of

PRICES: Final = ModelPrices(input=3.3, output=16.5, cache_read=0.33, cache_write=4.125)
GUARDRAIL: Final = GuardrailPrices(
    content=0.15,
    topic=0.15,
    sensitive_information=0.1,
    contextual_grounding=0.1,
    automated_reasoning=0.17,
    image=0.75,
)
GUARDED: Final = PRICES.model_copy(update={"guardrail": GUARDRAIL})
#: A nanodollar a token, whichever kind: costs are counts.
ONE: Final = ModelPrices(input=0.001, output=0.001, cache_read=0.001, cache_write=0.001)

#: Text, with what grows under NFKC (one sign of three bytes becomes eighteen) and lone surrogates.
texts = st.text(st.characters() | st.sampled_from("\ufdfa\ufb03\u00bd\ud800\u2003"), max_size=60)
documents = st.recursive(
    texts | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
blocks = st.one_of(
    st.builds(lambda text: {"text": text}, texts),
    st.builds(
        lambda text, input_: {"toolUse": {"toolUseId": "t", "name": text, "input": input_}},
        texts,
        documents,
    ),
    st.builds(
        lambda text, json: {"toolResult": {"toolUseId": "t", "content": [{"text": text}, json]}},
        texts,
        st.builds(lambda value: {"json": value}, documents),
    ),
    st.builds(
        lambda text, sign: {
            "reasoningContent": {"reasoningText": {"text": text, "signature": sign}}
        },
        texts,
        texts,
    ),
    st.just({"cachePoint": {"type": "default"}}),
)
requests = st.builds(
    lambda messages, system, tools, most: {
        "modelId": "m",
        "messages": [{"role": "user", "content": content} for content in messages],
        "system": system,
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "t", "description": tool}} for tool in tools]
        },
        "inferenceConfig": {"maxTokens": most},
    },
    st.lists(st.lists(blocks, max_size=4), max_size=4),
    st.lists(st.builds(lambda text: {"text": text}, texts), max_size=2),
    st.lists(texts, max_size=3),
    st.integers(1, 64_000),
)
price = st.floats(0, 200, allow_nan=False)
tables = st.builds(ModelPrices, input=price, output=price, cache_read=price, cache_write=price)


def texts_in(value: Any) -> list[str]:
    """Every text and number that the model may be shown, names included."""
    match value:
        case dict():
            return [text for pair in value.items() for one in pair for text in texts_in(one)]
        case list():
            return [text for one in value for text in texts_in(one)]
        case None:
            return ["null"]
        case _:
            return [str(value)]


def worst_tokens(request: dict[str, Any]) -> int:
    """What a tokenizer makes of it that knows no pair of bytes, with each part's frame."""
    seen = {name: request[name] for name in ("messages", "system", "toolConfig")}
    shown = texts_in(seen)
    parts = sum(len(one["content"]) + 1 for one in request["messages"]) + len(request["system"])
    parts += len(request["toolConfig"]["tools"])
    words = sum(
        len(unicodedata.normalize("NFKC", one).encode("utf-8", "surrogatepass")) for one in shown
    )
    plain = sum(len(one.encode("utf-8", "surrogatepass")) for one in shown)
    return max(words, plain) + TOKENS_PER_BLOCK * parts + TOKENS_AROUND


@given(requests, tables, st.data())
def test_a_reservation_is_never_less_than_the_settled_cost(
    request: dict[str, Any], prices: ModelPrices, data: st.DataObject
) -> None:
    most = most_cost(request, prices)
    left = data.draw(st.integers(0, worst_tokens(request)))
    read = data.draw(st.integers(0, left))
    written = data.draw(st.integers(0, left - read))
    usage = {
        "inputTokens": left - read - written,
        "outputTokens": data.draw(st.integers(0, request["inferenceConfig"]["maxTokens"])),
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }
    cost = cost_nano({"usage": usage}, most, prices)
    assert cost is not None
    assert 0 <= cost <= most.nano


@given(requests)
def test_no_text_has_more_tokens_than_are_counted(request: dict[str, Any]) -> None:
    output = request["inferenceConfig"]["maxTokens"]
    assert worst_tokens(request) + output <= most_cost(request, ONE).nano


def ask(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": list(content)}
    return {"modelId": "m", "messages": [message], "inferenceConfig": {"maxTokens": 10}, **more}


def test_without_max_tokens_an_answer_may_be_as_long_as_any() -> None:
    asked = ask({"text": "x"})
    limited = most_cost(asked, ONE).nano
    asked["inferenceConfig"] = {}
    grown = most_cost(asked, ONE).nano - limited
    assert grown == MOST_OUTPUT_TOKENS - 10 - len('"maxTokens": 10')


@pytest.mark.parametrize(
    "block",
    [
        {"image": {"format": "png", "source": {"bytes": b"12"}}},
        {"document": {"name": "a", "source": {"s3Location": {"uri": "s3://a/b"}}}},
        {"toolResult": {"toolUseId": "t", "content": [{"image": {}}]}},
        {"guardContent": {"image": {}}},
    ],
)
def test_what_is_no_text_counts_as_a_whole_window(block: dict[str, Any]) -> None:
    assert most_cost(ask(block), ONE).nano > TOKENS_OF_A_WINDOW


def test_a_tool_that_takes_an_image_is_text() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "draw", "input": {"image": {"width": 1}}}}
    assert most_cost(ask(use), ONE).nano < TOKENS_OF_A_WINDOW


def test_input_is_reserved_at_the_dearest_it_can_be() -> None:
    assert PRICES.most_nano(input_tokens=1000, output_tokens=0) == 1000 * 4125
    dear = ModelPrices(input=5, output=0, cache_read=0, cache_write=1)
    assert dear.most_nano(input_tokens=1, output_tokens=0) == 5000


def test_costs_are_whole_nanodollars_rounded_up() -> None:
    third = ModelPrices(input=0.0003, output=0, cache_read=0, cache_write=0)
    assert third.cost_nano(input_tokens=1, output_tokens=0, cache_read=0, cache_write=0) == 1
    assert PRICES.cost_nano(input_tokens=1, output_tokens=2, cache_read=3, cache_write=4) == (
        3300 + 2 * 16500 + 3 * 330 + 4 * 4125
    )
    assert (nano_of(0.1), nano_of(1e-10), usd_of(100_000_000)) == (100_000_000, 0, 0.1)


UNITS: Final = {"contentPolicyUnits": 2, "topicPolicyUnits": 1, "wordPolicyUnits": 9}


def metadata(**trace: Any) -> dict[str, Any]:
    told = {"usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}}
    return told | ({"trace": {"guardrail": trace}} if trace else {})


def assessed(**usage: int) -> dict[str, Any]:
    return {"invocationMetrics": {"usage": usage}}


def test_a_guardrails_units_cost_by_policy() -> None:
    most = most_cost(ask({"text": "x"}, guardrailConfig={"guardrailIdentifier": "g"}), GUARDED)
    told = metadata(
        inputAssessment={"g": assessed(**UNITS)},
        outputAssessments={"g": [assessed(contentPolicyUnits=1), assessed(topicPolicyUnits=3)]},
    )
    assert cost_nano(told, most, GUARDED) == 3 * 150_000 + 4 * 150_000


@pytest.mark.parametrize(
    "told", [metadata(), metadata(inputAssessment={"g": {}}), metadata(modelOutput=["x"])]
)
def test_a_guardrail_that_does_not_tell_costs_the_most(told: dict[str, Any]) -> None:
    most = most_cost(ask({"text": "x"}, guardrailConfig={"guardrailIdentifier": "g"}), GUARDED)
    assert most.guardrail_nano > 0
    assert cost_nano(told, most, GUARDED) == most.guardrail_nano


@given(st.text(max_size=3_000), st.integers(1, 64_000), st.data())
def test_a_guardrail_of_the_input_costs_no_more_than_was_reserved(
    text: str, max_tokens: int, data: st.DataObject
) -> None:
    asked = ask({"text": text}, guardrailConfig={"guardrailIdentifier": "g"})
    asked["inferenceConfig"]["maxTokens"] = max_tokens
    units = -(-len(text) // 1_000)
    answer = data.draw(st.integers(0, max_tokens * 16 // 1_000))
    names = ("contentPolicyUnits", "topicPolicyUnits", "sensitiveInformationPolicyUnits")
    told = metadata(
        inputAssessment={"g": assessed(**dict.fromkeys(names, units))},
        outputAssessments={"g": [assessed(**dict.fromkeys(names, answer))]},
    )
    most = most_cost(asked, GUARDED)
    cost = cost_nano(told, most, GUARDED)
    assert cost is not None
    assert cost <= most.guardrail_nano


def test_a_guardrail_without_prices_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="guardrail"):
        most_cost(ask({"text": "x"}, guardrailConfig={}), PRICES)


@pytest.mark.parametrize("told", [{}, {"usage": {}}, {"usage": {"inputTokens": 3}}])
def test_without_usage_nothing_is_known(told: dict[str, Any]) -> None:
    assert cost_nano(told, MostCost(5, 0), PRICES) is None


def test_text_that_a_tokenizer_spells_out_counts_as_long_as_that() -> None:
    """Three bytes that NFKC makes eighteen characters of, and thirty-three bytes."""
    assert len(unicodedata.normalize("NFKC", "\ufdfa").encode()) == 33
    assert most_cost(ask({"text": "\ufdfa" * 1_000}), ONE).nano > 33_000
