"""Composite alarms: a rule over the states of other alarms.

Source: "Create a composite alarm" in the CloudWatch user guide. A rule joins ``ALARM(name)``,
``OK(name)``, ``INSUFFICIENT_DATA(name)``, ``TRUE``, ``FALSE`` and
``AT_LEAST(2, ALARM, (name, name, name))`` (a number or a percentage; the state may follow ``NOT``)
with ``AND``, ``OR``, ``NOT`` and parentheses. A name stands in quotes or not, and may be an ARN.
``NOT`` binds tighter than ``AND``, and ``AND`` than ``OR``.

Actions suppressors and the order in which alarms are evaluated are not modelled: a composite alarm
sees its children's states of the same moment.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from devtools.cloudwatch.alarms import AlarmError
from devtools.cloudwatch.states import State
from devtools.cloudwatch.tokens import Tokens

_MAX_LENGTH: Final = 10_240
_MAX_DEPTH: Final = 50
_WORDS: Final = frozenset({"AND", "OR", "NOT", "TRUE", "FALSE", "AT_LEAST", *State})

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<quoted>"[^"]*")
    | (?P<sign>[(),])
    | (?P<word>[^\s(),"]+)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)

_States = Mapping[str, State]
_Condition = Callable[[_States], bool]


class RuleError(AlarmError):
    """The rule of a composite alarm cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A composite alarm's rule.

    Attributes:
        text: As written.
        alarms: The names or ARNs it refers to.
    """

    text: str
    alarms: frozenset[str]
    _condition: _Condition

    def holds(self, states: Mapping[str, State]) -> bool:
        """Whether the rule is true.

        Args:
            states: The state of each alarm in ``alarms``.

        Raises:
            KeyError: One is not given.
        """
        return self._condition(states)

    def state(self, states: Mapping[str, State]) -> State:
        """The composite alarm's state: ALARM when the rule holds, else OK."""
        return State.ALARM if self.holds(states) else State.OK


def parse_rule(text: str) -> Rule:
    """Parse a rule.

    Raises:
        RuleError: It is none; the message says where.
    """
    if len(text) > _MAX_LENGTH:
        raise RuleError(f"an alarm rule has at most {_MAX_LENGTH} characters")
    parser = _Parser(text)
    condition = parser.parse()
    return Rule(text, frozenset(parser.alarms), condition)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = Tokens(
            text,
            _TOKEN,
            lambda position: RuleError(
                f"alarm rule: a quote is not closed after character {position + 1}"
            ),
        )
        self._depth = 0
        self.alarms: set[str] = set()

    def parse(self) -> _Condition:
        condition = self._any()
        if self._tokens.kind != "end":
            raise self._error("AND, OR or the end")
        return condition

    def _error(self, wanted: str) -> RuleError:
        return RuleError(
            f"alarm rule, character {self._tokens.position + 1}: {wanted} is expected here, "
            f"not {self._tokens.token or 'the end'!r}"
        )

    def _expect(self, token: str) -> None:
        if not self._tokens.accept(token):
            raise self._error(repr(token))

    def _any(self) -> _Condition:
        parts = [self._all()]
        while self._tokens.accept("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda s: any(part(s) for part in parts)

    def _all(self) -> _Condition:
        parts = [self._not()]
        while self._tokens.accept("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda s: all(part(s) for part in parts)

    def _not(self) -> _Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise RuleError(f"alarm rule: it nests more than {_MAX_DEPTH} deep")
        if self._tokens.accept("NOT"):
            inner = self._not()
            condition: _Condition = lambda s: not inner(s)  # noqa: E731
        else:
            condition = self._primary()
        self._depth -= 1
        return condition

    def _primary(self) -> _Condition:
        if self._tokens.accept("("):
            condition = self._any()
            self._expect(")")
            return condition
        if constant := self._tokens.accept("TRUE", "FALSE"):
            return lambda _: constant == "TRUE"
        if self._tokens.accept("AT_LEAST"):
            return self._at_least()
        if word := self._tokens.accept(*State):
            state = State(word)
            self._expect("(")
            name = self._alarm()
            self._expect(")")
            return lambda s: s[name] is state
        raise self._error("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE, NOT or '('")

    def _alarm(self) -> str:
        kind, written = self._tokens.kind, self._tokens.token
        name = written.strip('"')
        if kind not in {"quoted", "word"} or written in _WORDS or not name:
            raise self._error("an alarm's name or ARN")
        self._tokens.advance()
        self.alarms.add(name)
        return name

    def _at_least(self) -> _Condition:
        self._expect("(")
        kind, threshold = self._tokens.kind, self._tokens.token
        if kind != "word" or not re.fullmatch(r"[1-9]\d{0,3}%?", threshold):
            raise self._error("a number or a percentage")
        self._tokens.advance()
        self._expect(",")
        negated = self._tokens.accept("NOT") is not None
        word = self._tokens.accept(*State)
        if word is None:
            raise self._error("ALARM, OK or INSUFFICIENT_DATA")
        self._expect(",")
        self._expect("(")
        alarms = [self._alarm()]
        while self._tokens.accept(","):
            alarms.append(self._alarm())
        self._expect(")")
        self._expect(")")
        needed = int(threshold.rstrip("%"))
        if threshold.endswith("%"):
            needed = ceil(Fraction(needed, 100) * len(alarms))
        if needed > len(alarms):
            raise RuleError(f"alarm rule: AT_LEAST({threshold}, ...) of {len(alarms)} alarms")
        state = State(word)
        return lambda s: sum((s[name] is state) is not negated for name in alarms) >= needed
