"""JSON in what models say."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.workflow.text.json_replies import find_choice, find_evaluation, find_tasks

ROUTES = ("billing", "Support", "a b")


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"route": "billing"}', "billing"),
        ('  {"route": "billing"}\n', "billing"),
        ('{"route": "Support", "why": {"a": [1]}}', "Support"),
        ('{"route": " billing "}', "billing"),
        ('```json\n{"route": "billing"}\n```', "billing"),
        ('```\n{"route": "billing"}\n```', "billing"),
        ('Sure!\n```JSON\n{"route": "a b"}\n```\nDone.', "a b"),
        ('```json\nnot json\n```\n```json\n{"route": "billing"}\n```', "billing"),
        ('I choose {"route": "billing"} because {it} fits', "billing"),
        ('Of {all} these: {"route": "billing", "x": "a } in a string"}', "billing"),
        (r'{"why": "a \" and }", "route": "billing"}', "billing"),
        ('{"a": {"b": {"c": 1}}, "route": "billing"} and more', "billing"),
        ('{"answer": {"route": "billing"}}', "billing"),
        ('[{"route": "billing"}]', "billing"),
        ('{"route": "nowhere"} or rather {"route": "billing"}', "billing"),
        ('{"route": "nowhere"}', "nowhere"),
        ('{"route": "BILLING"}', "BILLING"),
        ('{"route": "x"} {"route": "y"}', "x"),
        ('{"route": 1} {"route": "billing"}', "billing"),
        ('{"route": ""}', None),
        ('{"route": null}', None),
        ('{"Route": "billing"}', None),
        ("billing", None),
        ("", None),
        ("{'route': 'billing'}", None),
        ('{"route": "billing"', None),
        ("{}", None),
        ("[]", None),
        ("null", None),
    ],
)
def test_choice(text: str, route: str | None) -> None:
    found = find_choice(text, ROUTES)
    assert (found.route if found else None) == route


def test_a_choice_keeps_the_other_keys() -> None:
    found = find_choice('{"route": "billing", "sure": 0.9}', ROUTES)
    assert found is not None
    assert found.reply == {"route": "billing", "sure": 0.9}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('{"score": 85}', 85),
        ('{"score": 0}', 0),
        ('{"score": 100, "issues": [], "fixes": []}', 100),
        ('{"score": 85.0}', 85),
        ('{"score": 85.5}', 85.5),
        ('{"score": "85"}', 85),
        ('{"score": " 85.0 "}', 85),
        ('{"score": 1e1}', 10),
        ('{"score": 50, "issues": null}', 50),
        ('{"score": 50, "issues": "one"}', 50),
        ('```json\n{"score": 7}\n```', 7),
        ('The draft {so far} gets {"score": 7, "reasoning": "{x}"}.', 7),
        ('{"score": 120} {"score": 60}', 60),
        ('{"score": -1}', None),
        ('{"score": 100.5}', None),
        ('{"score": true}', None),
        ('{"score": null}', None),
        ('{"score": "good"}', None),
        ('{"score": NaN}', None),
        ('{"score": "nan"}', None),
        ('{"score": Infinity}', None),
        ('{"score": [1]}', None),
        ('{"score": 5, "issues": 3}', None),
        ('{"score": 5, "fixes": {"a": 1}}', None),
        ("85", None),
        ("", None),
    ],
)
def test_evaluation(text: str, score: float | None) -> None:
    found = find_evaluation(text)
    assert (found.score if found else None) == score


def test_an_evaluation_keeps_the_other_keys_and_has_its_lists() -> None:
    found = find_evaluation('{"score": "70", "issues": "one", "reasoning": "r"}')
    assert found is not None
    assert found.reply == {"score": 70, "issues": ["one"], "fixes": [], "reasoning": "r"}


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("[]", []),
        ('[{"task": "a"}]', ["a"]),
        ('[{"task": "a"}, {"task": "b"}]', ["a", "b"]),
        ('[{"description": "a"}]', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('["a", {"task": "b"}]', ["a", "b"]),
        ('{"task": "a"}', ["a"]),
        ('{"description": "a"}', ["a"]),
        ('{"tasks": [{"task": "a"}]}', ["a"]),
        ('{"subtasks": ["a"]}', ["a"]),
        ('{"tasks": []}', []),
        ('```json\n[{"task": "a [b] {c}"}]\n```', ["a [b] {c}"]),
        ('Here: [{"task": "a"}, {"task": "b"}]. Go!', ["a", "b"]),
        ('See [1] and [2]: [{"task": "a"}]', ["a"]),
        ('{"plan": "p", "list": [{"task": "a"}]}', ["a"]),
        ('[{"task": "a"}, {"ta', None),
        ('[{"task": "a"}, {"task": "b"}', None),
        ('[{"task": ""}]', None),
        ('[{"task": 3}]', None),
        ("[1, 2]", None),
        ('["a", 3]', None),
        ("no list", None),
        ("", None),
        ('{"other": 1}', None),
        ("null", None),
    ],
)
def test_tasks(text: str, tasks: list[str] | None) -> None:
    found = find_tasks(text)
    assert (None if found is None else [task["task"] for task in found]) == tasks


def test_a_task_keeps_its_other_keys() -> None:
    assert find_tasks('[{"description": "a", "context": {"k": 1}}]') == [
        {"task": "a", "description": "a", "context": {"k": 1}}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 200_000,
        '["' * 300_000,
        "[1," * 300_000,
        ("[" + "1," * 1_000) * 500,
        "[x" * 300_000 + "]" * 300_000,
        "{}" * 300_000,
        "```\n" * 200_000,
        "```json\n{" * 100_000,
        '{"score": ' + "9" * 10_000 + "}",
        "[" * 900 + "]" * 900,
        '{"a":' * 900 + "1" + "}" * 900,
    ],
    ids=range(12),
)
def test_hostile_replies_take_bounded_work(text: str) -> None:
    began = time.thread_time()
    find_choice(text, ROUTES)
    find_evaluation(text)
    find_tasks(text)
    assert time.thread_time() - began < 6


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_PROSE = st.text(st.characters(exclude_characters='{}[]"`', exclude_categories=["Cs"]))


@settings(deadline=None, max_examples=60)
@given(_PROSE, st.dictionaries(st.text(), _JSON), _PROSE)
def test_a_choice_is_found_in_any_prose(before: str, rest: dict[str, Any], after: str) -> None:
    reply = {**{k: v for k, v in rest.items() if k != "route"}, "route": "billing"}
    found = find_choice(f"{before}{json.dumps(reply)}{after}", ROUTES)
    assert found is not None
    assert found.reply == reply


@settings(deadline=None, max_examples=60)
@given(_PROSE, st.lists(st.text(min_size=1).filter(str.strip)), _PROSE)
def test_tasks_are_found_in_any_prose(before: str, texts: list[str], after: str) -> None:
    reply = json.dumps([{"task": text} for text in texts], ensure_ascii=False)
    found = find_tasks(f"{before}{reply}{after}")
    assert found == [{"task": text} for text in texts]


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_text_gives_something_or_nothing(text: str) -> None:
    for found in (find_choice(text, ROUTES), find_evaluation(text), find_tasks(text)):
        assert found is None or found is not None
