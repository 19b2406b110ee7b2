"""The scripted model: which tool it calls, when it stops, and what it says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.bedrock import conversation, scripted
from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock
from tests.unit.devtools.localcloud_bedrock.bodies import assistant, body, result, tool, use, user

COUNT = {"type": "integer"}
TOOLS = [tool("draw", count=COUNT), tool("measure", count=COUNT)]
SYSTEM = "First measure the site, then draw it."


def answer(*messages: dict[str, Any], **members: Any) -> Reply:
    return scripted.answer(conversation.parse(body(*messages, **members)))


def text_of(reply: Reply) -> str:
    return "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))


def call_in(reply: Reply) -> ToolUseBlock | None:
    calls = [block for block in reply.blocks if isinstance(block, ToolUseBlock)]
    return calls[0] if calls else None


def name_of_call(reply: Reply) -> str | None:
    call = call_in(reply)
    return call.name if call else None


def test_every_text_says_that_the_model_is_scripted() -> None:
    plain = answer(user("hello"))
    calling = answer(user("hello"), tools=TOOLS)
    closing = answer(
        user("go"),
        assistant(use("a", "draw")),
        user(result("a", "done")),
        tools=[tool("draw")],
    )
    for reply in (plain, calling, closing):
        assert text_of(reply).startswith("[scripted model]")


def test_without_tools_it_echoes_the_last_message_only() -> None:
    reply = answer(user("my secret is oak"), assistant("noted"), user("and now for birch"))
    assert "and now for birch" in text_of(reply)
    assert "oak" not in text_of(reply)
    assert reply.stop_reason == "end_turn"


def test_tools_are_called_in_the_order_the_system_prompt_mentions_them() -> None:
    first = answer(user("2 of it"), system=SYSTEM, tools=TOOLS)
    assert (name_of_call(first), first.stop_reason) == ("measure", "tool_use")
    second = answer(
        user("2 of it"),
        assistant(use("a", "measure")),
        user(result("a", {"area": 1})),
        system=SYSTEM,
        tools=TOOLS,
    )
    assert name_of_call(second) == "draw"


def test_tools_the_system_prompt_does_not_mention_are_called_in_the_order_offered() -> None:
    assert name_of_call(answer(user("go"), system="Be brief.", tools=TOOLS)) == "draw"


def test_each_tool_is_called_once_and_the_closing_text_quotes_the_results() -> None:
    reply = answer(
        user("go"),
        assistant("hm", use("a", "draw")),
        user(result("a", {"area_km2": 12.5, "zones": [1, 2], "site": {"name": "moor"}})),
        assistant(use("b", "measure")),
        user(result("b", '{"aep_gwh": 366.9}')),
        tools=TOOLS,
    )
    assert reply.stop_reason == "end_turn"
    for quoted in ("area_km2: 12.5", "zones: 2 entries", "site.name: moor", "aep_gwh: 366.9"):
        assert quoted in text_of(reply)


def test_a_failed_tool_is_tried_twice_then_the_work_goes_on() -> None:
    failed_once = [
        user("go"),
        assistant(use("a", "draw")),
        user(result("a", "no paper", failed=True)),
    ]
    assert name_of_call(answer(*failed_once, tools=TOOLS)) == "draw"
    failed_twice = [
        *failed_once,
        assistant(use("b", "draw")),
        user(result("b", "no paper", failed=True)),
    ]
    assert name_of_call(answer(*failed_twice, tools=TOOLS)) == "measure"
    closing = answer(*failed_twice, tools=TOOLS[:1])
    assert "draw reported an error: no paper" in text_of(closing)


def test_a_new_question_starts_the_tools_anew() -> None:
    reply = answer(
        user("go"),
        assistant(use("a", "draw")),
        user(result("a", "done")),
        assistant("done"),
        user("again, with a count of 7"),
        tools=[tool("draw", count=COUNT)],
    )
    call = call_in(reply)
    assert call is not None
    assert json.loads(call.input_json) == {"count": 7}


def test_a_user_who_wants_no_tools_gets_none() -> None:
    assert name_of_call(answer(user("Say without tools what you do."), tools=TOOLS)) is None
    assert name_of_call(answer(user("Say what you do."), tools=TOOLS, system=SYSTEM)) == "measure"


def test_the_person_is_asked_where_they_say_so() -> None:
    tools = [*TOOLS, tool("ask_person", question={"type": "string"})]
    asks = answer(user("Plan it; ask me first."), tools=tools[2:])
    assert name_of_call(asks) == "ask_person"
    assert name_of_call(answer(user("Plan it."), tools=tools[2:])) is None
    assert name_of_call(answer(user("Plan 2."), tools=tools)) == "draw"


def test_a_tool_that_uses_what_a_request_brings_is_called_where_the_request_names_it() -> None:
    tools = [tool("use_wind_file", source={"type": "string"}), tool("look", what=COUNT)]
    assert name_of_call(answer(user("Look 2 times."), tools=tools)) == "look"
    brings = 'Take our rose.\n\nParameters: {"wind_file": "direction,frequency"}'
    assert name_of_call(answer(user(brings), tools=tools)) == "use_wind_file"


def test_a_forced_tool_is_called() -> None:
    def forced(choice: dict[str, Any], *messages: dict[str, Any]) -> str | None:
        return name_of_call(answer(*messages, toolConfig={"tools": TOOLS, "toolChoice": choice}))

    assert forced({"tool": {"name": "measure"}}, user("go")) == "measure"
    done = [
        user("go"),
        assistant(use("a", "draw"), use("b", "measure")),
        user(result("a", "done"), result("b", "done")),
    ]
    assert forced({"any": {}}, *done) == "measure"
    assert forced({"auto": {}}, *done) is None


def test_the_same_request_gets_the_same_answer() -> None:
    assert answer(user("3 of it"), tools=TOOLS) == answer(user("3 of it"), tools=TOOLS)


@given(limit=st.integers(min_value=1, max_value=60), words=st.integers(1, 80))
def test_max_tokens_is_never_exceeded(limit: int, words: int) -> None:
    asked = user("word " * words)
    whole = answer(asked)
    reply = answer(asked, inferenceConfig={"maxTokens": limit})
    assert reply.output_tokens <= limit
    assert len(text_of(reply)) <= 4 * limit
    assert text_of(whole).startswith(text_of(reply))
    assert (reply.stop_reason == "max_tokens") == (whole.output_tokens > limit)


def test_a_tool_call_can_break_off_in_mid_argument() -> None:
    # The text before the call takes 8 tokens.
    reply = answer(user("3 of it"), tools=TOOLS, inferenceConfig={"maxTokens": 10})
    call = call_in(reply)
    assert reply.stop_reason == "max_tokens"
    assert call is not None
    assert call.input_json == '{"count"'
    content = json.loads(reply.converse_body(0))["output"]["message"]["content"]
    assert [list(block) for block in content] == [["text"]]


def test_a_conversation_beyond_the_context_window_is_refused() -> None:
    with pytest.raises(ServiceError, match="Input is too long for requested model") as refused:
        answer(user("word " * 200_000))
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_a_tool_that_needs_a_number_nobody_gave_is_left_out_while_there_are_others() -> None:
    tools = [tool("go_to", latitude={"type": "number"}), tool("look", what={"type": "string"})]

    assert name_of_call(answer(user("Look around."), system="go_to, look", tools=tools)) == "look"
    there = answer(user("Go to latitude: 54.7."), system="go_to, look", tools=tools)
    assert name_of_call(there) == "go_to"
    alone = answer(user("Look around."), system="go_to", tools=tools[:1])
    assert name_of_call(alone) == "go_to"


def test_a_number_from_an_earlier_result_will_do() -> None:
    tools = [tool("look", what={"type": "string"}), tool("go_to", latitude={"type": "number"})]

    reply = answer(
        user("Look around."),
        assistant(use("a", "look")),
        user(result("a", {"place": {"latitude": 54.7}})),
        system="look, go_to",
        tools=tools,
    )

    call = call_in(reply)
    assert call is not None
    assert (call.name, json.loads(call.input_json)) == ("go_to", {"latitude": 54.7})
