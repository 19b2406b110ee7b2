"""What the conditions of edges mean."""

import pytest

from tradewind.workflow.text.conditions import check_condition, condition, names_in_condition
from tradewind.workflow.text.templates import Names


class _Unvisited(dict[str, str]):
    def __bool__(self) -> bool:
        return False


NAMES = {
    "nodes": Names(
        judge={"response": "Approved: open file", "iteration": 2},
        late=_Unvisited(response=""),
        items={"response": "85"},
    ),
    "topic": "Wind",
    "limit": 80,
    "none_given": [],
}

CASES = [
    ("else", True),
    (" else ", True),
    ("{{ else }}", True),
    ("true", True),
    ("false", False),
    ("none", False),
    ("{{ topic == 'Wind' }}", True),
    ("topic == 'wind'", False),
    ("topic | lower == 'wind'", True),
    ("topic != 'x' and limit >= 80", True),
    ("topic == 'x' or limit > 80", False),
    ("not topic", False),
    ("not (limit < 80)", True),
    ("1 < 2 < 3", True),
    ("'Approved' in nodes.judge.response", True),
    ("'rejected' not in nodes.judge.response", True),
    ("nodes.judge.response contains 'Approved'", True),
    ("{{ nodes.judge.response contains 'rejected' }}", False),
    ("not nodes.judge.response contains 'rejected'", True),
    ("nodes.judge.response contains 'A' and topic contains 'W'", True),
    ("nodes.judge.response | lower contains 'approved'", True),
    ("(topic) contains 'ind'", True),
    ("'abc' contains 'b'", True),
    ("topic is contains('W')", True),
    ("nodes.judge.response is search('^Appr')", True),
    ("nodes.judge.response is not search('^appr')", True),
    ("nodes.judge.response | search('file$')", True),
    ("nodes.judge.response | lower | search('approved')", True),
    ("nodes.judge.response.startswith('Approved')", True),
    ("nodes.judge.response.lower().strip().endswith('file')", True),
    ("nodes.judge.iteration >= 2", True),
    ("int(nodes.items.response) > limit", True),
    ("nodes.items.response | int > limit", True),
    ("float('1.5') == 1.5", True),
    ("len(nodes) == 3", True),
    ("str(limit) == '80'", True),
    ("bool(none_given)", False),
    ("bool('x')", True),
    ("list(range(3)) == [0, 1, 2]", True),
    ("tuple([1]) == (1,)", True),
    ("len(set([1, 1])) == 1", True),
    ("dict(a=1).a == 1", True),
    ("limit in [80, 90]", True),
    ("nodes.late", False),
    ("not nodes.late", True),
    ("nodes.late.response == ''", True),
    ("nodes['judge'].response", True),
    ("nodes.judge.response | length > 5", True),
    ("nothing | default('x') == 'x'", True),
    ("nothing|default:'x' == 'x'", True),
    ("nothing is defined", False),
    ("'open' == 'open' and 'eval import __class__' != ''", True),
    ("nodes.judge.response contains 'open'", True),
    ("nodes.judge.response | regex_search('(approved)') == 'Approved'", True),
    ("'a' ~ 'b' == 'ab'", True),
    ("limit * 2 == 160 and limit % 7 == 3", True),
    ("topic if limit else false", True),
    ("[] or {} or 0 or ''", False),
]


@pytest.mark.parametrize(("source", "holds"), CASES)
def test_holds(source: str, holds: bool) -> None:
    assert check_condition(source) is None
    assert condition(source).holds(NAMES) is holds


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("else", set()),
        ("nodes.a.response == x", {"nodes", "x"}),
        ("{{ len(a) > int(b) }}", {"a", "b"}),
        ("a | default(1) == 2", set()),
        ("a contains b", {"a", "b"}),
        ("((", set()),
    ],
)
def test_knows_the_names_it_needs(source: str, names: set[str]) -> None:
    assert names_in_condition(source) == names


def test_is_compiled_once() -> None:
    assert condition("a == 1") is condition("a == 1")
