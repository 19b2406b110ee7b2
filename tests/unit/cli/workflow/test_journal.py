"""A state that comes back from its lines, whatever was cut off them; lines that stay small."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.workflow.journal import Broken, Journal, read
from tradewind.workflow.engine.state import Pause, State

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MESSAGES = st.lists(VALUES, max_size=5)


def plain(state: State) -> Any:
    return json.loads(json.dumps(state.to_json()))


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(), st.fixed_dictionaries({"response": st.text()}), max_size=3),
            st.dictionaries(
                st.sampled_from("xy"),
                VALUES | st.fixed_dictionaries({"messages": MESSAGES, "tokens": st.integers()}),
            ),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.data(),
)
def test_a_state_comes_back_as_it_was_after_some_step(
    steps: list[tuple[dict[str, Any], dict[str, Any], bool]], data: st.DataObject
) -> None:
    state = State()
    journal = Journal(state)
    content, states, ends = b"", [plain(state)], [0]
    for number, (done, conversations, asks) in enumerate(steps):
        state.spent.steps = number
        for key, record in done.items():
            state.done[key] = record
        for name, history in conversations.items():
            before = state.conversations.get(name)
            if isinstance(history, dict) and isinstance(before, dict) and "messages" in history:
                # As a conversation does: it goes on, or is compacted.
                history["messages"] = [*before.get("messages", []), *history["messages"]]
            state.conversations[name] = history
        state.paused = Pause("k", "?", "", 1.0, choices=("a", "b")) if asks else None
        content += journal.line(state)
        states.append(plain(state))
        ends.append(len(content))
    assert plain(read(content)[0]) == states[-1]
    cut = data.draw(st.integers(0, len(content)))
    back, length = read(content[:cut])
    whole = max(end for end in ends if end <= cut)
    assert (plain(back), length) == (states[ends.index(whole)] if whole else states[0], whole)


def test_a_line_that_is_not_whole_is_passed_over_at_the_end_alone() -> None:
    state = State()
    journal = Journal(state)
    lines = []
    for key in "abc":
        state.done[key] = {"response": key}
        lines.append(journal.line(state))
    # It would be read as well.
    bad = lines[1].replace(b'"response":"b"', b'"response":"x"')
    assert bad != lines[1]
    assert list(read(lines[0] + bad)[0].done) == ["a"]
    with pytest.raises(Broken):
        read(lines[0] + bad + lines[2])
    with pytest.raises(Broken):
        read(b"\n" + lines[0])


@pytest.mark.parametrize("compacts", [False, True])
def test_a_step_costs_its_own_size(compacts: bool) -> None:
    state = State()
    journal = Journal(state)
    sizes = []
    messages: list[Any] = []
    for number in range(1000):
        state.done[f"steps/{number:04}"] = {"response": "x" * 50}
        # Each reply has a list of its own, of new objects.
        messages = [*messages, {"role": "user", "content": [{"text": "y" * 50}]}]
        if compacts and number == 500:
            messages = messages[-1:]
        fresh = json.loads(json.dumps(messages))
        state.conversations["a"] = {"messages": fresh, "tokens": 1000 + number}
        sizes.append(len(journal.line(state)))
    assert max(sizes) - min(sizes) < 200


def test_what_is_forgotten_does_not_come_back() -> None:
    state = State()
    journal = Journal(state)
    state.done["router/0"] = {"response": "?"}
    state.done["steps/0"] = {"response": "kept"}
    lines = journal.line(state)
    state.forget("router")
    lines += journal.line(state)
    assert list(read(lines)[0].done) == ["steps/0"]
