"""Patterns, their width, and conditions."""

import pytest

from devtools.permissions.conditions import holds
from devtools.permissions.patterns import matches, narrower


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a/*", "a/b/c", True),
        ("*/a/*", "x/b/a/c", True),  # a star spans slashes
        ("a/*", "ba/c", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("A", "a", False),
        ("", "", True),
    ],
)
def test_a_pattern_stands_for_texts(pattern: str, text: str, *, fits: bool) -> None:
    assert matches(pattern, text) == fits


@pytest.mark.parametrize(
    ("pattern", "texts", "enough"),
    [
        ("b/*", {"b/terrain/1", "b/terrain/2"}, "b/terrain/*"),
        ("b/*", {"b/terrain/1", "b/layout/1"}, None),
        ("b/terrain/*", {"b/terrain/project-1", "b/terrain/project-2"}, None),
        (
            "b/terrain/*",
            {"b/terrain/project-1/a", "b/terrain/project-1/b"},
            "b/terrain/project-1/*",
        ),
        ("b/*", {"b/terrain/1"}, "b/terrain/1"),
        ("*", {"*"}, None),
        ("*", {"a:b:1", "a:b:2"}, "a:b:*"),
        ("f:live*", {"f:live", "f:live2"}, None),
    ],
)
def test_a_pattern_is_as_wide_as_its_use_or_wider(
    pattern: str, texts: set[str], enough: str | None
) -> None:
    assert narrower(pattern, texts) == enough


@pytest.mark.parametrize(
    ("operator", "values", "actual", "held"),
    [
        ("StringEquals", ("a", "b"), "b", True),
        ("StringEquals", ("a*",), "ab", False),
        ("StringLike", ("a*",), "ab", True),
        ("StringLike", ("a*",), None, False),
        ("StringLikeIfExists", ("a*",), None, True),
        ("StringLike", ("a*",), ["b", "a"], True),
        ("ForAnyValue:StringLike", ("a*",), ["b", "a"], True),
        ("ForAnyValue:StringLike", ("a*",), None, False),
        ("ForAllValues:StringLike", ("a*",), ["b", "a"], False),
        ("ForAllValues:StringLike", ("a*",), ["ab", "a"], True),
        ("ForAllValues:StringLike", ("a*",), None, True),
        ("Null", ("false",), None, False),
        ("Null", ("false",), "a", True),
        ("Null", ("true",), None, True),
        ("Bool", ("true",), "True", True),
        ("ArnLike", ("arn:*:x",), "arn:a:x", True),
    ],
)
def test_a_condition_holds(
    operator: str, values: tuple[str, ...], actual: str | list[str] | None, *, held: bool
) -> None:
    context = {} if actual is None else {"some:key": actual}
    assert holds((operator, "Some:Key", values), context) == held
