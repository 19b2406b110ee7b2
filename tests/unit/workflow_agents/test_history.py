"""What of a long conversation is summarized, and what stays."""

import asyncio
from typing import Any

import pytest
from strands.types.content import Messages

from tradewind.workflow.spec.model import Compaction
from tradewind.workflow_agents.history import Conversation, compacted

USE = {"toolUse": {"toolUseId": "1", "name": "grep", "input": {"for": "wind"}}}
RESULT = {
    "toolResult": {
        "toolUseId": "1",
        "status": "success",
        "content": [{"text": "7 m/s"}, {"json": {"lines": 2}}],
    }
}


def turn(number: int, *, tools: bool = False) -> Any:
    """A question and its answer, with a tool's call in between or without."""
    between = [("assistant", USE), ("user", RESULT)] if tools else []
    said = [
        ("user", {"text": f"q{number}"}),
        *between,
        ("assistant", {"text": f"a{number}"}),
    ]
    return [{"role": role, "content": [block]} for role, block in said]


def compact(messages: Messages, **policy: Any) -> tuple[Conversation, list[str]]:
    """The conversation after, and the texts whose summary was asked for."""
    asked: list[str] = []

    async def summarize(text: str) -> str:
        asked.append(text)
        return "S."

    conversation = Conversation(messages, 2000)
    policy = {"when_tokens_over": 1000, **policy}
    return asyncio.run(compacted(conversation, "next", Compaction(**policy), summarize)), asked


def words(conversation: Conversation) -> list[str]:
    return [
        "|".join(block.get("text", next(iter(block))) for block in message["content"])
        for message in conversation.messages
    ]


def test_a_short_conversation_stays_as_it_is() -> None:
    messages = [*turn(0), *turn(1)]
    after, asked = compact(messages, when_tokens_over=3000)
    assert after.messages is messages
    assert asked == []


def test_whole_turns_are_summarized_as_many_as_the_ratio_says() -> None:
    messages = [message for number in range(10) for message in turn(number)]
    after, [asked] = compact(messages, summary_ratio=0.35, preserve_recent_messages=4)
    assert asked.startswith("user: q0\n\nassistant: a0")
    assert asked.endswith("assistant: a2")  # 7 of 20 messages, and so 6
    assert words(after)[:2] == ["Summary of the conversation so far:\nS.|q3", "a3"]
    assert len(after.messages) == 14
    assert after.tokens < 1000


def test_a_tools_call_stays_with_its_result_and_is_summarized_in_words() -> None:
    messages = [*turn(0, tools=True), *turn(1, tools=True)]
    after, [asked] = compact(messages, summary_ratio=0.9, preserve_recent_messages=2)
    assert '[calls grep with {"for": "wind"}]' in asked
    assert '[the tool answers: 7 m/s {"lines": 2}]' in asked
    assert words(after) == [
        "Summary of the conversation so far:\nS.|q1", "toolUse", "toolResult", "a1",
    ]  # fmt: skip


@pytest.mark.parametrize("recent", [2, 12])
def test_the_last_messages_stay_or_half_where_they_are_few(recent: int) -> None:
    after, [asked] = compact([*turn(0), *turn(1)], summary_ratio=1, preserve_recent_messages=recent)
    assert asked.endswith("assistant: a0")
    assert words(after)[1:] == ["a1"]


def test_at_least_one_turn_is_summarized_and_never_the_only_one() -> None:
    after, asked = compact([*turn(0), *turn(1)], summary_ratio=0)
    assert len(asked) == 1
    only = turn(0, tools=True)
    after, asked = compact(only)
    assert after.messages is only
    assert asked == []


def test_bytes_survive_the_way_through_json() -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    messages: Any = [{"role": "user", "content": [image]}, *turn(0)[1:]]
    kept = Conversation.counted(messages).to_json()
    assert Conversation.of(kept).messages == messages
