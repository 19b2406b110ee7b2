"""What a template reads of the other parts of a workflow: which task, which step."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from jinja2 import TemplateError, nodes

from tradewind.workflow.text.templates import STRICT

#: The names whose keys are known before a run.
_PARTS: Final = ("tasks", "nodes", "branches", "steps", "inputs")
_ASKING_TESTS: Final = ("defined", "undefined")
_ASKING_FILTERS: Final = ("default", "d")


class Reference(NamedTuple):
    """``name.key``, ``name['key']`` or ``name[0]``."""

    name: str
    key: str | int


def references_in(source: str) -> set[Reference]:
    """What a template reads by name and key, and has no default for; nothing of a broken one."""
    if not any(name in source for name in _PARTS):
        return set()
    try:
        return set(_walk(STRICT.parse(source)))
    except (TemplateError, RecursionError):
        return set()


def references_in_condition(expression: str) -> set[Reference]:
    """The same of an expression."""
    text = expression.strip()
    return references_in(text if text.startswith("{{") else f"{{{{ {text} }}}}")


def _walk(node: nodes.Node) -> Iterator[Reference]:
    asks = (isinstance(node, nodes.Test) and node.name in _ASKING_TESTS) or (
        isinstance(node, nodes.Filter) and node.name in _ASKING_FILTERS
    )
    if asks:
        return
    match node:
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr):
            yield Reference(name, attr)
        case nodes.Getitem(node=nodes.Name(name=name), arg=argument):
            key = _constant(argument)
            if key is not None:
                yield Reference(name, key)
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _constant(argument: nodes.Node) -> str | int | None:
    match argument:
        case nodes.Const(value=str() | int() as value):
            return value
        case nodes.Neg(node=nodes.Const(value=int() as value)):
            return -value
    return None
