"""Each change is made, once, where it belongs, and leaves text that compiles."""

import ast
import difflib

import pytest

from devtools.mutants.operators import mutants_of


def changes(source: str, kind: str) -> list[str]:
    """The changed lines of each mutant of a kind."""
    found = []
    for mutant in mutants_of(source):
        if mutant.kind == kind:
            lines = list(difflib.ndiff(source.splitlines(), mutant.source.splitlines()))
            found.append("; ".join(line[2:].strip() for line in lines if line.startswith("+ ")))
    return found


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("comparison", "a = b < c", ["a = (b <= c)", "a = (b >= c)"]),
        ("comparison", "a = b is not c", ["a = (b is c)"]),
        ("comparison", "a = b not in c", ["a = (b in c)"]),
        ("and/or", "a = b and c or d", ["a = ((b and c) and d)", "a = (b or c) or d"]),
        ("not", "a = not b", ["a = (b)"]),
        ("condition", "a = b if c else d", ["a = (b if not c else d)"]),
        ("condition", "if a():\n    b()", ["if (not a()):"]),
        ("condition", "if a < b:\n    pass", []),
        ("arithmetic", "a = b + c * d", ["a = (b - c * d)", "a = b + (c / d)"]),
        ("constant", "a = True", ["a = False"]),
        ("constant", "a = 0.5", ["a = 0", "a = 1"]),
        ("constant", "a = 0", ["a = 1", "a = 2"]),
        ("constant", "a = 1", ["a = 0"]),
        ("constant", "a = 'text'", []),
        ("dropped call", "a()", ["pass"]),
        ("dropped call", "'''Documented.'''", []),
        ("dropped call", "async def f():\n    await a()", ["pass"]),
        ("dropped statement", "a += 1", ["pass"]),
        ("dropped statement", "a.b = 1\nc = 1", ["pass"]),
        ("dropped statement", "def f():\n    raise a", ["pass"]),
        ("return None", "def f():\n    return a", ["return None"]),
        ("return None", "def f():\n    return None", []),
        ("return not", "def f() -> bool:\n    return a", ["return not a"]),
        ("return not", "def f() -> int:\n    return a", []),
        ("swapped arguments", "a(b, c, 'd', 'e')", ["a(c, b, 'd', 'e')"]),
        ("dropped keyword", "a(b=1, c=d)", ["a(c=d)", "a(b=1)"]),
        ("swapped keywords", "a(b=c.d, e=c.f, g=1)", ["a(b=c.f, e=c.d, g=1)"]),
        ("dropped entry", "a = {b: c, **d}", ["a = {**d}", "a = {b: c}"]),
        ("dropped element", "a = (b, c)", ["a = (c,)", "a = (b,)"]),
        ("dropped element", "def f():\n    return b, c", []),
        ("neighbour", "a(m.x, m.y)", ["a(m.y, m.y)", "a(m.x, m.x)"]),
        ("neighbour", "a(m.x, n.y)", []),
        ("neighbour", "m.x(m.y)", []),
        ("neighbour", "def f():\n    a(m.x)\ndef g():\n    a(m.y)", []),
    ],
)
def test_changes(kind: str, source: str, expected: list[str]) -> None:
    assert changes(source, kind) == expected


def test_what_only_a_type_checker_reads_stays() -> None:
    source = (
        "if TYPE_CHECKING:\n    a = 1\n"
        "def f(b: Literal[2], *c: Literal[3]) -> Literal[4]: ...\n"
        "d: Literal[5]\n"
        "@e(6)\nclass G(H[7]): ...\n"
    )
    assert mutants_of(source) == []


def test_a_change_tells_its_lines_and_touches_no_others() -> None:
    source = "# ä line\na = 'ä' + f(\n    1,\n    b=c)\nd = 1 < 2\n"
    for mutant in mutants_of(source):
        ast.parse(mutant.source)
        before, after = source.splitlines(), mutant.source.splitlines()
        assert before[: mutant.lines.start - 1] == after[: mutant.lines.start - 1]
        assert (
            before[mutant.lines.stop - 1 :]
            == after[len(after) - len(before) + mutant.lines.stop - 1 :]
        )
    assert {mutant.lines for mutant in mutants_of(source)} == {
        range(2, 5),
        range(3, 4),
        range(5, 6),
    }
