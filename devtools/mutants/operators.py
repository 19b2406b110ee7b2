"""The small changes that a mutant differs by.

The changes are those that slip through reviews: a bound that is off by one, a call that went
missing, two values of one kind swapped, an entry gone from a table, a counter fed from its
neighbour. Texts stay as they are: what a message says is not what these tests are for.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

_COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
#: The fewest entries that a list or a tuple of a module has before one is left out.
_TABLE: Final = 2


@dataclass(frozen=True)
class Mutant:
    """A module's text with one change.

    Attributes:
        kind: Which change.
        lines: The lines that the change is in, in the original.
        source: The changed text.
    """

    kind: str
    lines: range
    source: str


class _Cut(NamedTuple):
    """Text to leave out of a node, which leaves the rest as it is written.

    Attributes:
        begin: The line and column where it begins.
        end: Those where it ends.
        otherwise: The node's new text where that leaves no Python: brackets have no place.
    """

    begin: tuple[int, int]
    end: tuple[int, int]
    otherwise: str


def mutants_of(source: str) -> list[Mutant]:
    """Return every mutant of a module's text, in the order of the text."""
    tree = ast.parse(source)
    _Scopes().visit(tree)
    encoded = source.encode()
    starts = [0]
    for line in encoded.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in _code(tree):
        for kind, changed in _changes(node):
            whole = changed.otherwise if isinstance(changed, _Cut) else changed
            text = _replaced(encoded, starts, (_begin(node), _end(node)), whole)
            if isinstance(changed, _Cut):
                cut = _replaced(encoded, starts, (changed.begin, changed.end), "")
                text = cut if _is_python(cut) else text
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            found.append(Mutant(kind, lines, text))
    return sorted(found, key=lambda mutant: mutant.lines.start)


def _replaced(
    encoded: bytes,
    starts: list[int],
    span: tuple[tuple[int, int], tuple[int, int]],
    changed: str,
) -> str:
    begin, end = (starts[line - 1] + column for line, column in span)
    return (encoded[:begin] + changed.encode() + encoded[end:]).decode()


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


class _Scopes(ast.NodeVisitor):
    """Notes at each node what its own text does not tell."""

    def __init__(self) -> None:
        self._attributes: dict[str, list[str]] = {}
        self._returns_bool = False
        self._in_function = False

    def visit(self, node: ast.AST) -> None:
        node.__dict__["attributes"] = self._attributes
        node.__dict__["returns_bool"] = self._returns_bool
        node.__dict__["in_function"] = self._in_function
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before = self.__dict__.copy()
        self._attributes = {}
        self._in_function = True
        self._returns_bool = isinstance(node.returns, ast.Name) and node.returns.id == "bool"
        self.generic_visit(node)
        self.__dict__.update(before)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_If(self, node: ast.If | ast.While) -> None:
        node.test.__dict__["tested"] = True
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.visit_If(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            node.func.__dict__["called"] = True
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if _names_a_value(node):
            names = self._attributes.setdefault(ast.unparse(node.value), [])
            if node.attr not in names:
                names.append(node.attr)
        self.generic_visit(node)


def _names_a_value(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load) and not node.__dict__.get("called")


def _code(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The nodes that run, without annotations, decorators and what only a type checker reads."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            if isinstance(child, ast.AST):
                yield from _code(child)


def _begin(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, str | _Cut]]:
    """Yield each change of a node: its kind, and the node's new text or what is cut out of it."""
    for change in _CHANGES:
        for kind, changed in change(node):
            yield kind, ast.unparse(changed) if isinstance(changed, ast.AST) else changed


_Change = Callable[[ast.AST], Iterator[tuple[str, ast.AST | str | _Cut]]]


def _compared(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _COMPARISONS[type(node.ops[0])]:
            yield "comparison", _bracketed(ast.Compare(node.left, [other()], node.comparators))


def _logic(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", _bracketed(ast.BoolOp(other, node.values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", _bracketed(node.operand)
    elif isinstance(node, ast.IfExp):
        turned = ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        yield "condition", _bracketed(turned)
    elif (
        isinstance(node, ast.expr)
        and not isinstance(node, ast.Compare)
        and node.__dict__.get("tested")
    ):
        yield "condition", _bracketed(ast.UnaryOp(ast.Not(), node))


def _sums(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield (
            "arithmetic",
            _bracketed(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)),
        )


def _constants(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield "constant", repr(not node.value)
    elif isinstance(node.value, int | float):
        yield "constant", "0" if node.value else "1"
        if node.value != 1:
            yield "constant", "1" if node.value else "2"


def _statements(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield "dropped call", "pass"
    elif isinstance(node, ast.AugAssign | ast.Raise) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ):
        yield "dropped statement", "pass"
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield "return None", "return None"
        if node.__dict__["returns_bool"]:
            yield "return not", ast.Return(ast.UnaryOp(ast.Not(), node.value))


def _calls(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if not isinstance(node, ast.Call):
        return
    for at in range(len(node.args) - 1):
        if type(node.args[at]) is type(node.args[at + 1]) and not isinstance(
            node.args[at], ast.Constant
        ):
            other = copy.deepcopy(node)
            other.args[at], other.args[at + 1] = other.args[at + 1], other.args[at]
            yield "swapped arguments", other
    for at, keyword in enumerate(node.keywords):
        other = copy.deepcopy(node)
        del other.keywords[at]
        yield "dropped keyword", other
        if at and type(keyword.value) is type(node.keywords[at - 1].value):
            other = copy.deepcopy(node)
            one, two = other.keywords[at - 1 : at + 1]
            one.value, two.value = two.value, one.value
            yield "swapped keywords", other


def _tables(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.Dict):
        # A key that is none is a "**".
        begins = [
            _begin(key) if key else (value.lineno, value.col_offset - 2)
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        for at, value in enumerate(node.values):
            rest = copy.deepcopy(node)
            del rest.keys[at], rest.values[at]
            span = (begins[at], _end(value))
            if at + 1 < len(begins):
                span = (begins[at], begins[at + 1])
            elif at:
                span = (_end(node.values[at - 1]), _end(value))
            yield "dropped entry", _Cut(*span, ast.unparse(rest))
    elif isinstance(node, ast.Tuple | ast.List | ast.Set) and not node.__dict__["in_function"]:
        for at in range(len(node.elts) if len(node.elts) >= _TABLE else 0):
            others = copy.deepcopy(node)
            del others.elts[at]
            yield "dropped element", others


def _neighbours(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | _Cut]]:
    if isinstance(node, ast.Attribute) and _names_a_value(node):
        names = node.__dict__["attributes"].get(ast.unparse(node.value), [])
        if len(names) > 1:
            other = names[(names.index(node.attr) + 1) % len(names)]
            yield "neighbour", ast.Attribute(node.value, other, ast.Load())


def _bracketed(node: ast.AST) -> str:
    return f"({ast.unparse(node)})"


_CHANGES: Final[tuple[_Change, ...]] = (
    _compared,
    _logic,
    _sums,
    _constants,
    _statements,
    _calls,
    _tables,
    _neighbours,
)
