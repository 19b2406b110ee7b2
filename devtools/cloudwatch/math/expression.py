"""Metric math as a tree: the parts of an expression."""

from dataclasses import dataclass


class MathError(ValueError):
    """The expression cannot be parsed, or does something CloudWatch or this evaluator cannot."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text: the argument of METRICS."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of a metric or of another expression."""

    id: str


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before a part: only ``-``."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two parts and the operator between them; AND and OR are written so, never && or ||."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Array:
    """Several series, in square brackets."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Text | Name | Unary | Binary | Array | Call
