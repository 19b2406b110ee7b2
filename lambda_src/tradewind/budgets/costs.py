"""What a model call may cost at most, from its request; and what it cost, from its metadata.

**Input tokens.** A tokenizer covers text byte by byte: a token stands for at least one byte of its
UTF-8 text, or of what NFKC makes of it where a tokenizer normalises first. So a text's bytes, the
more of the two, bound its tokens. The whole request is counted, as JSON, which is longer than the
texts in it; what the service puts around them (roles, the instructions for tools) is an allowance
per request and per block, which AWS does not promise. What is no text (an image, a document) is
counted as a whole context window: its bytes say nothing of its tokens.

**Output tokens.** ``maxTokens``; without it, more than any model writes.

**Guardrails.** Text units are counted from the same bytes, each policy at its price. For the answer
this is an estimate: no number of tokens bounds the characters.
"""

import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.prices import GuardrailPrices, ModelPrices, guardrail_units

#: Tokens that the service adds to a request, the instructions for its tools included.
TOKENS_AROUND: Final = 2_000
#: And to each message, content block and tool.
TOKENS_PER_BLOCK: Final = 32
#: Tokens of a whole context window: what each thing is counted as that is no text.
TOKENS_OF_A_WINDOW: Final = 1_000_000
#: Of an answer without ``maxTokens``.
MOST_OUTPUT_TOKENS: Final = 128_000

#: Characters of a guardrail's text unit; and of an output token, generously.
_UNIT_LENGTH: Final = 1_000
_TOKEN_LENGTH: Final = 16
#: What content blocks hold that is no text.
_OPAQUE: Final = frozenset({"image", "document", "video", "audio"})
#: Automated reasoning is charged for each policy; a guardrail has two at most.
_REASONING_POLICIES: Final = 2


@dataclass(frozen=True)
class MostCost:
    """What a call may cost at most, in nanodollars.

    Attributes:
        tokens_nano: Its tokens.
        guardrail_nano: What a guardrail assesses; 0 without one.
    """

    tokens_nano: int
    guardrail_nano: int

    @property
    def nano(self) -> int:
        """All of it."""
        return self.tokens_nano + self.guardrail_nano


def most_cost(request: Mapping[str, Any], prices: ModelPrices) -> MostCost:
    """Return what a call may cost at most.

    Args:
        request: The arguments of ``converse_stream``.
        prices: Of its model.

    Raises:
        ConfigurationError: It has a guardrail, and the prices do not.
    """
    texts = _bytes_of(request)
    blocks = list(_blocks(request))
    opaque = sum(not _OPAQUE.isdisjoint(block) for block in blocks)
    if "promptVariables" in request:
        opaque += 1  # the prompt itself is kept with the service
    tools = len((request.get("toolConfig") or {}).get("tools") or ())
    around = TOKENS_AROUND + TOKENS_PER_BLOCK * (len(blocks) + tools)
    output = most_output_tokens(request)
    tokens_nano = prices.most_nano(
        input_tokens=texts + around + TOKENS_OF_A_WINDOW * opaque, output_tokens=output
    )
    if "guardrailConfig" not in request:
        return MostCost(tokens_nano, 0)
    if prices.guardrail is None:
        raise ConfigurationError("A guardrail is used, and there are no prices of guardrails.")
    # Each block may be assessed by itself, with a unit of its own.
    units = math.ceil(texts / _UNIT_LENGTH) + len(blocks)
    units += math.ceil(output * _TOKEN_LENGTH / _UNIT_LENGTH)
    charged = dict.fromkeys(GuardrailPrices.model_fields, units)
    charged["automated_reasoning"] *= _REASONING_POLICIES
    charged["image"] = opaque
    return MostCost(tokens_nano, prices.guardrail.cost_nano(charged))


def most_output_tokens(request: Mapping[str, Any]) -> int:
    """Return how long its answer may be, in tokens."""
    asked = (request.get("inferenceConfig") or {}).get("maxTokens")
    return MOST_OUTPUT_TOKENS if asked is None else int(asked)


def cost_nano(metadata: Mapping[str, Any], most: MostCost, prices: ModelPrices) -> int | None:
    """Return what a call cost by what the service told of it, in nanodollars.

    Args:
        metadata: ConverseStream's event of that name.
        most: What it may have cost: counted for a guardrail of which nothing is told, as without
            its trace.
        prices: Of its model.

    Returns:
        None where there is no usage in it.
    """
    usage = metadata.get("usage")
    if not usage or "inputTokens" not in usage or "outputTokens" not in usage:
        return None
    tokens = prices.cost_nano(
        input_tokens=usage["inputTokens"],
        output_tokens=usage["outputTokens"],
        cache_read=usage.get("cacheReadInputTokens", 0),
        cache_write=usage.get("cacheWriteInputTokens", 0),
    )
    units = guardrail_units(metadata)
    if not most.guardrail_nano or units is None or prices.guardrail is None:
        return tokens + most.guardrail_nano
    return tokens + prices.guardrail.cost_nano(units)


def _bytes_of(request: Mapping[str, Any]) -> int:
    text = json.dumps(request, ensure_ascii=False, default=_opaque)
    plain = len(text.encode("utf-8", "surrogatepass"))
    if text.isascii():
        return plain
    normal = unicodedata.normalize("NFKC", text)
    return max(plain, len(normal.encode("utf-8", "surrogatepass")))


def _opaque(value: object) -> str:
    """Stand for what JSON does not have, at its length or more."""
    if isinstance(value, bytes | bytearray):
        return "x" * (2 * len(value))
    return str(value)


def _blocks(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each message, and each block of content, those in results of tools included."""
    pending: list[Any] = list(request.get("system") or ())
    for message in request.get("messages") or ():
        yield {}
        pending.extend(message.get("content") or ())
    while pending:
        block = pending.pop()
        yield block
        if "toolResult" in block:
            pending.extend(block["toolResult"].get("content") or ())
        if "guardContent" in block:
            pending.append(block["guardContent"])
