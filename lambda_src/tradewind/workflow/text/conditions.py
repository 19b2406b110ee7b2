"""The conditions of a graph's edges: ``else``, or an expression with or without ``{{ }}``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from tradewind.workflow.text.faults import BadText, Fault, RenderingFailed
from tradewind.workflow.text.filters import joined
from tradewind.workflow.text.meter import METER, Meter, fits
from tradewind.workflow.text.sandbox import GLOBALS, Sandbox, SandboxContext
from tradewind.workflow.text.spelling import ConditionSpelling
from tradewind.workflow.text.templates import check_nodes, needed_names, one_line

ELSE: Final = "else"
_LONGEST: Final = 20_000
_REFUSED: Final = frozenset(("eval", "exec", "compile", "open", "file", "import"))
_RESULT: Final = "result"


def _str(value: Any = "") -> str:
    METER.get().weigh(value)
    return joined("", [value])


def _int(value: Any = 0) -> int:
    return int(value)


def _float(value: Any = 0.0) -> float:
    return float(value)


def _bool(value: Any = False) -> bool:
    return bool(value)


def _len(value: Any) -> int:
    return len(value)


def _list(value: Any = ()) -> list[Any]:
    if hasattr(value, "__len__"):
        fits(len(value))
    return list(value)


_FUNCTIONS: Final[dict[str, Any]] = {
    "bool": _bool,
    "dict": dict,
    "float": _float,
    "int": _int,
    "len": _len,
    "list": _list,
    "range": GLOBALS["range"],
    "set": lambda value=(): set(_list(value)),
    "str": _str,
    "tuple": lambda value=(): tuple(_list(value)),
}


_ENVIRONMENT: Final = Sandbox(StrictUndefined, _FUNCTIONS, (ConditionSpelling,))


class Condition:
    """A condition, compiled.

    Args:
        source: Its text.

    Raises:
        BadText: It is no condition.
    """

    __slots__ = ("_template",)

    def __init__(self, source: str) -> None:
        self._template = None
        expression = _expression_of(source)
        if expression != ELSE:
            code = _compiled(_parsed(expression))
            self._template = _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, code, {})

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Whether it is true.

        Args:
            names: What its names hold.

        Raises:
            RenderingFailed: It cannot be worked out, or not in bounded work.
        """
        if self._template is None:
            return True
        token = METER.set(Meter())
        try:
            context = SandboxContext(_ENVIRONMENT, names, None, {})  # type: ignore[arg-type]
            for _ in self._template.root_render_func(context):
                pass
            return bool(context.vars[_RESULT])
        except RenderingFailed:
            raise
        except Exception as error:
            raise RenderingFailed(one_line(error)) from None
        finally:
            METER.reset(token)


@lru_cache(maxsize=1024)
def condition(source: str) -> Condition:
    """A condition, compiled once.

    Raises:
        BadText: It is no condition.
    """
    return Condition(source)


def check_condition(source: str) -> Fault | None:
    """Why a text cannot be used as a condition; None if it can."""
    try:
        condition(source)
    except BadText as error:
        return error.fault
    return None


@lru_cache(maxsize=1024)
def names_in_condition(source: str) -> frozenset[str]:
    """The names that a condition needs to be defined; none of a text that is no condition."""
    expression = _expression_of(source)
    try:
        tree = _parsed(expression) if expression != ELSE else None
    except BadText:
        return frozenset()
    return frozenset() if tree is None else needed_names(tree) - _FUNCTIONS.keys()


def _expression_of(source: str) -> str:
    text = source.strip()
    if text.startswith("{{") and text.endswith("}}"):
        text = text[2:-2].strip()
    return text


def _parsed(expression: str) -> nodes.Template:
    if len(expression) > _LONGEST:
        raise BadText(Fault(f"a condition of more than {_LONGEST:,} characters"))
    if not expression:
        raise BadText(Fault("an empty condition"))
    try:
        parser = Parser(_ENVIRONMENT, expression, state="variable")
        body = parser.parse_expression()
        if not parser.stream.eos:
            token = parser.stream.current
            raise BadText(Fault(f"unexpected `{one_line(ValueError(token.value))}`", token.lineno))
    except TemplateSyntaxError as error:
        raise BadText(Fault(one_line(error), error.lineno)) from None
    except (RecursionError, ValueError, MemoryError, OverflowError) as error:
        raise BadText(Fault(one_line(error))) from None
    result = nodes.Assign(nodes.Name(_RESULT, "store"), body, lineno=1)
    tree = nodes.Template([result], lineno=1)
    tree.set_environment(_ENVIRONMENT)
    check_nodes(_ENVIRONMENT, tree)
    _check_names(tree)
    return tree


def _check_names(tree: nodes.Template) -> None:
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Name):
            name = node.name
            refused = name in _REFUSED or "__" in name
        else:
            name = _read(node)
            refused = name.startswith("__")
        if refused:
            raise BadText(Fault(f"`{one_line(ValueError(name))}` cannot be used here"))


def _read(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    constant = isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const)
    key = node.arg.value if constant else ""  # type: ignore[attr-defined]  # it is a Getitem
    return key if isinstance(key, str) else ""


def _compiled(tree: nodes.Template) -> Any:
    try:
        return _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:
        raise BadText(Fault(one_line(error), error.lineno)) from None
    except (RecursionError, ValueError, MemoryError, SyntaxError) as error:
        raise BadText(Fault(one_line(error))) from None
