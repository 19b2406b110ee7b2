"""What a stream hands on can be kept, sent back and encoded."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.answers import Answer, calling_with, citing, saying
from tradewind.bedrock.reading import UNREADABLE, UNREADABLE_WHY, read_arguments, readable


def arguments_of(answer: Answer) -> list[Any]:
    """The arguments of each tool call, as a framework reads them."""
    deltas = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in readable(answer)
        if "toolUse" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    return [json.loads(text) for text in deltas]


def text_of(answer: Answer) -> str:
    deltas = [
        event["contentBlockDelta"]["delta"] for event in answer if "contentBlockDelta" in event
    ]
    return "".join(delta.get("text", "") for delta in deltas)


@pytest.mark.parametrize("answer", [saying("It ", "blows."), citing("It blows.", title="Atlas")])
def test_what_is_in_order_passes_unchanged(answer: Answer) -> None:
    assert list(readable(answer)) == answer


def test_arguments_come_in_one_piece_each_before_its_blocks_end() -> None:
    answer = calling_with(("place", '{"count": 3}'), ("look", ""), ("move", ' {"by": -1.5}'))
    assert arguments_of(answer) == [{"count": 3}, {}, {"by": -1.5}]
    names = [next(iter(event)) for event in readable(answer)]
    assert names == [
        "messageStart",
        *["contentBlockStart", "contentBlockDelta", "contentBlockStop"] * 3,
        "messageStop",
        "metadata",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"building_setback_m": 2000, "tip_h', "from character 29 on"),
        ("{'count': 3}", "from character 1 on"),
        ('{"count": 3} and more', "from character 13 on"),
        ("[1]", "not an object"),
        ("null", "not an object"),
        ('"text"', "not an object"),
        ('{"count": NaN}', "NaN is no JSON number"),
        ('{"count": -Infinity}', "-Infinity is no JSON number"),
        ('{"count": 1e999}', "too large"),
        (f'{{"count": 1{"0" * 400}}}', "too large"),
        (f'{{"count": 1{"0" * 5000}}}', "limit"),
        ('{"count": 1, "count": 2}', "one name twice"),
        (r'{"name": "a\ud800"}', "half of a surrogate pair"),
        (r'{"a\ud800": 1}', "half of a surrogate pair"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "nested deeper than 32"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "nested deeper than 32"),
        ("[" * 200_000, "nested deeper than 32"),
    ],
)
def test_arguments_that_nobody_can_read_become_ones_that_no_tool_takes(text: str, why: str) -> None:
    [given] = arguments_of(calling_with(("place", text)))
    assert set(given) == {UNREADABLE, UNREADABLE_WHY}
    assert text.startswith(given[UNREADABLE].replace("\ufffd", "\ud800"))
    assert why in given[UNREADABLE_WHY]
    assert len(json.dumps(given)) < 4000


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-9, 9) | st.text()))
def test_arguments_that_are_an_object_pass_as_they_are(arguments: dict[str, Any]) -> None:
    assert read_arguments(json.dumps(arguments)) == arguments


@given(st.text(st.characters(exclude_categories=())), st.data())
def test_text_is_the_same_however_it_is_cut_and_can_be_encoded(
    text: str, data: st.DataObject
) -> None:
    spelled = text.encode("utf-16-le", "surrogatepass")
    units = [
        spelled[at : at + 2].decode("utf-16-le", "surrogatepass")
        for at in range(0, len(spelled), 2)
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(units)), max_size=4)))
    pieces = ["".join(units[a:b]) for a, b in zip([0, *cuts], [*cuts, len(units)], strict=True)]
    said = text_of(list(readable(saying(*pieces))))
    assert said == spelled.decode("utf-16-le", "replace")
    assert said.encode().decode() == said


@pytest.mark.parametrize("rest", [[], ["", ""]])
def test_half_a_pair_at_a_blocks_end_is_replaced(rest: list[str]) -> None:
    assert text_of(list(readable(saying("a\ud83c", *rest)))) == "a\ufffd"


def test_what_is_said_of_reasons_and_sources_can_be_encoded_too() -> None:
    reason = {"reasoningContent": {"text": "so \ud83c"}}
    rest = {"reasoningContent": {"text": "\udf2c"}}
    source = {"citation": {"title": "a\ud800", "sourceContent": [{"text": "\udfff"}]}}
    events = [
        {"contentBlockDelta": {"delta": delta, "contentBlockIndex": 0}}
        for delta in (reason, rest, source)
    ]
    told = json.dumps(list(readable(events)), ensure_ascii=False)
    assert told.encode()
    assert "\U0001f32c" in told


@pytest.mark.parametrize("name", ["", "place it", "pl\ud800ce", "x" * 65, "place\n"])
def test_a_name_that_bedrock_would_not_take_back_is_replaced(name: str) -> None:
    starts = [
        event for event in readable(calling_with((name, "{}"))) if "contentBlockStart" in event
    ]
    assert starts[0]["contentBlockStart"]["start"]["toolUse"]["name"] == "INVALID_TOOL_NAME"
