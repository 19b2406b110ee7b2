"""From the text of an expression to its tree.

How operators bind, from loose to tight: ``OR``; ``AND``; comparison; ``+ -``; ``* /``; unary ``-``;
``^``, which groups from the right. The user guide leaves it open.
"""

import re
from collections.abc import Iterator
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
_KEYWORDS: Final = frozenset({"REPEAT", "LINEAR"})


def parse(expression: str) -> Node:
    """Parse an expression.

    Raises:
        MathError: It is not metric math; the message says where.
    """
    if len(expression) > _MAX_LENGTH:
        raise MathError(f"an expression has at most {_MAX_LENGTH} characters")
    return _Parser(expression).parse()


def names(expression: str) -> frozenset[str]:
    """The ids of metrics and other expressions that an expression uses.

    Those that ``METRICS()`` stands for are not among them.
    """
    return frozenset(node.id for node in _walk(parse(expression)) if isinstance(node, Name))


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
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(0)
        if self._kind != "end":
            raise self._error(f"{self._token!r} is not expected here")
        return node

    def _split(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while True:
            match = _TOKEN.match(self._expression, position)
            if match is None or match.lastgroup is None:
                raise MathError(
                    f"{self._expression!r}: cannot read it from character {position + 1} on"
                )
            kind = match.lastgroup
            yield kind, match[kind], match.start(kind)
            if kind == "end":
                return
            position = match.end()

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _token(self) -> str:
        return self._tokens[self._at][1]

    def _error(self, what: str) -> MathError:
        position = self._tokens[self._at][2]
        return MathError(f"{self._expression!r}, character {position + 1}: {what}")

    def _accept(self, *tokens: str) -> str | None:
        if self._kind in {"sign", "word"} and self._token in tokens:
            token = self._token
            self._at += 1
            return token
        return None

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            found = self._token or "the end"
            raise self._error(f"{token!r} is expected here, not {found!r}")

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while operator := self._accept(*_LEVELS[level]):
            left = Binary(_SPELLED.get(operator, operator), left, self._binary(level + 1))
        return left

    def _unary(self) -> Node:
        # Every nesting passes here: a limit keeps a hostile expression from the stack's end.
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"it nests more than {_MAX_DEPTH} deep")
        node = Unary(self._unary()) if self._accept("-") else self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._primary()
        return Binary("^", base, self._unary()) if self._accept("^") else base

    def _primary(self) -> Node:
        kind, token = self._kind, self._token
        if self._accept("("):
            node = self._binary(0)
            self._expect(")")
            return node
        if self._accept("["):
            return Array(self._list("]"))
        if kind not in {"number", "text", "word"}:
            raise self._error(f"{token or 'the end'!r} is not expected here")
        self._at += 1
        if kind == "number":
            return Number(float(token))
        if kind == "text":
            return Text(token[1:-1])
        if self._accept("("):
            return Call(token, self._list(")"))
        if token[0].islower() or token in _KEYWORDS:
            return Name(token)
        self._at -= 1
        raise self._error(
            f"{token!r} is no function call, and an id starts with a lower-case letter"
        )

    def _list(self, closing: str) -> tuple[Node, ...]:
        if self._accept(closing):
            return ()
        items = [self._binary(0)]
        while self._accept(","):
            items.append(self._binary(0))
        self._expect(closing)
        return tuple(items)
