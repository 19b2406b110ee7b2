"""From the text of an expression to its tree.

How operators bind, from loose to tight: ``OR``; ``AND``; comparison; ``+ -``; ``* /``; unary ``-``;
``^``, which groups from the right. The user guide leaves it open.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from devtools.cloudwatch.math.expression import (
    Array,
    Binary,
    Call,
    MathError,
    Name,
    Node,
    Number,
    Text,
    Unary,
)
from devtools.cloudwatch.tokens import Tokens

_MAX_LENGTH: Final = 2048
_MAX_DEPTH: Final = 50

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<word>[A-Za-z][A-Za-z0-9_]*)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_LEVELS: Final = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!=", "<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/"),
)
_SPELLED: Final = {"||": "OR", "&&": "AND"}
#: Words of ``FILL`` and ``SORT`` that stand where ids could.
_KEYWORDS: Final = frozenset({"REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC"})


# An alarm's expression is evaluated for every minute that it is tried on.
@lru_cache(maxsize=1024)
def parse(expression: str) -> Node:
    """Parse an expression.

    Raises:
        MathError: It is not metric math; the message says where.
    """
    if len(expression) > _MAX_LENGTH:
        raise MathError(f"an expression has at most {_MAX_LENGTH} characters")
    return _with_equal_parts_as_one(_Parser(expression).parse(), {})


def _with_equal_parts_as_one(node: Node, known: dict[Node, Node]) -> Node:
    """The same tree, in which equal parts are one object: each is evaluated once."""

    def one(part: Node) -> Node:
        return _with_equal_parts_as_one(part, known)

    match node:
        case Unary(operand):
            node = Unary(one(operand))
        case Binary(operator, left, right):
            node = Binary(operator, one(left), one(right))
        case Call(function, arguments):
            node = Call(function, tuple(map(one, arguments)))
        case Array(items):
            node = Array(tuple(map(one, items)))
    return known.setdefault(node, node)


def names(expression: str) -> frozenset[str]:
    """The ids of metrics and other expressions that an expression uses.

    Those that ``METRICS()`` stands for are not among them.
    """
    used = {node.id for node in _walk(parse(expression)) if isinstance(node, Name)}
    return frozenset(used - _KEYWORDS)


def calls(expression: str) -> tuple[Call, ...]:
    """The function calls in an expression, outer before inner.

    Raises:
        MathError: It is not metric math; the message says where.
    """
    return tuple(node for node in _walk(parse(expression)) if isinstance(node, Call))


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        match current:
            case Unary(operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += [left, right]
            case Array(parts) | Call(_, parts):
                waiting += parts
            case _:
                pass


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = Tokens(
            expression,
            _TOKEN,
            lambda position: MathError(
                f"{expression!r}: cannot read it from character {position + 1} on"
            ),
        )
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(0)
        if self._tokens.kind != "end":
            raise self._error(f"{self._tokens.token!r} is not expected here")
        return node

    def _error(self, what: str, position: int | None = None) -> MathError:
        at = (self._tokens.position if position is None else position) + 1
        return MathError(f"{self._expression!r}, character {at}: {what}")

    def _expect(self, token: str) -> None:
        if not self._tokens.accept(token):
            found = self._tokens.token or "the end"
            raise self._error(f"{token!r} is expected here, not {found!r}")

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while operator := self._tokens.accept(*_LEVELS[level]):
            left = Binary(_SPELLED.get(operator, operator), left, self._binary(level + 1))
        return left

    def _unary(self) -> Node:
        # Every nesting passes here: a limit keeps a hostile expression from the stack's end.
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"it nests more than {_MAX_DEPTH} deep")
        node = Unary(self._unary()) if self._tokens.accept("-") else self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._primary()
        return Binary("^", base, self._unary()) if self._tokens.accept("^") else base

    def _primary(self) -> Node:
        kind, token = self._tokens.kind, self._tokens.token
        if self._tokens.accept("("):
            node = self._binary(0)
            self._expect(")")
            return node
        if self._tokens.accept("["):
            return Array(self._list("]"))
        if kind not in {"number", "text", "word"}:
            raise self._error(f"{token or 'the end'!r} is not expected here")
        position = self._tokens.position
        self._tokens.advance()
        if kind == "number":
            return Number(float(token))
        if kind == "text":
            return Text(token[1:-1])
        if self._tokens.accept("("):
            return Call(token, self._list(")"))
        if token[0].islower() or token in _KEYWORDS:
            return Name(token)
        raise self._error(
            f"{token!r} is no function call, and an id starts with a lower-case letter", position
        )

    def _list(self, closing: str) -> tuple[Node, ...]:
        if self._tokens.accept(closing):
            return ()
        items = [self._binary(0)]
        while self._tokens.accept(","):
            items.append(self._binary(0))
        self._expect(closing)
        return tuple(items)
