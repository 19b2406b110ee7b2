"""Jinja2's sandbox, bounded: what a template may reach, and what each operation costs it.

Attributes and methods are allowed by name, not refused by name; nothing can be included, imported
or changed; loops, calls, operators and outputs pay to the meter.
"""

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Cycler, Joiner, Namespace, missing
from jinja2.visitor import NodeTransformer

from tradewind.workflow.text.faults import TooMuchWork
from tradewind.workflow.text.filters import FILTERS, TESTS, joined, narrow, percent, replaced
from tradewind.workflow.text.meter import CHARACTERS_SHIFT, METER, fits
from tradewind.workflow.text.spelling import Spelling

#: Filters that no file can name: they stand for what the file says without one.
COUNTED: Final = " counted"
MADE: Final = " made"
WRITTEN: Final = " written"
#: Bits of a whole number.
_BITS: Final = 10_000
#: What a macro's call costs at least.
_OF_A_MACRO: Final = 8
_ELEMENTS: Final = 100_000

_METHODS: Final[dict[type, frozenset[str]]] = {
    str: frozenset(
        (
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "find",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "islower",
            "isnumeric",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill",
        )
    ),
    dict: frozenset(("copy", "get", "items", "keys", "values")),
    list: frozenset(("copy", "count", "index")),
    tuple: frozenset(("count", "index")),
    set: frozenset(
        ("copy", "difference", "intersection", "isdisjoint", "issubset", "issuperset", "union")
    ),
    int: frozenset(("bit_length", "is_integer")),
    float: frozenset(("is_integer",)),
}


class Names(dict[str, Any]):
    """A mapping from ids, whose ids come before the methods of mappings: ``tasks.items``."""

    __slots__ = ()


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _ELEMENTS:
        raise TooMuchWork(f"a range of more than {_ELEMENTS:,} numbers")
    return numbers


GLOBALS: Final[dict[str, Any]] = {
    "cycler": Cycler,
    "dict": dict,
    "joiner": Joiner,
    "namespace": Namespace,
    "range": _range,
}


class _Formatter(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if any(character.isdigit() for character in format_spec):
            digits = "".join(one if one.isdigit() else " " for one in format_spec).split()
            narrow(*(int(one[:9]) for one in digits))
        METER.get().weigh(value)
        written = str(super().format_field(value, format_spec))
        METER.get().spend(1 + (len(written) >> CHARACTERS_SHIFT))
        return written


class _Format:
    """``str.format`` of one text."""

    def __init__(self, environment: "Sandbox", text: str, *, of_mapping: bool) -> None:
        self._environment = environment
        self._text = text
        self._of_mapping = of_mapping

    def __call__(self, *arguments: Any, **named: Any) -> str:
        if self._of_mapping:
            arguments, named = (), dict(*arguments)
        return _Formatter(self._environment).vformat(self._text, arguments, named)


def _counted(value: Iterable[Any], weight: int) -> Iterator[Any]:
    meter = METER.get()
    for one in value:
        meter.spend(weight)
        yield one


def _made(value: Any) -> Any:
    METER.get().weigh(value)
    return value


def _written(*parts: Any) -> str:
    METER.get().weigh(list(parts))
    return joined("", list(parts))


@pass_context
def _output(_context: Context, value: Any) -> Any:
    # With the context as an argument, nothing is worked out while a template is compiled.
    if isinstance(value, str):
        fits(len(value))
        METER.get().spend(1 + (len(value) >> CHARACTERS_SHIFT))
    else:
        METER.get().weigh(value)
    return value


class SandboxContext(Context):
    """What a text sees: its own names, those it is given, and then the sandbox's functions."""

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name; ``missing`` where there is none."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, missing)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment that texts of workflow files are compiled and rendered in.

    Args:
        undefined: What a name is that nobody defines.
        functions: What can be called by name.
    """

    context_class = SandboxContext
    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def __init__(
        self,
        undefined: type[Undefined] = StrictUndefined,
        functions: dict[str, Any] = GLOBALS,
        extensions: Iterable[type] = (Spelling,),
    ) -> None:
        super().__init__(
            undefined=undefined,
            finalize=_output,
            optimized=False,
            autoescape=False,
            cache_size=0,
            extensions=list(extensions),
        )
        self.globals = dict(functions)
        self.filters = FILTERS | {COUNTED: _counted, MADE: _made, WRITTEN: _written}
        self.tests = dict(TESTS)
        self._functions = [one for one in functions.values() if callable(one)]

    def _generate(
        self, source: nodes.Template, name: Any, filename: Any, defer_init: bool = False
    ) -> str:
        return super()._generate(_Paying().visit(source), name, filename, defer_init)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call it."""
        if isinstance(obj, Macro | LoopContext | BlockReference | Joiner | _Format):
            return True
        if isinstance(obj, types.BuiltinMethodType):
            return obj.__name__ in _methods_of(obj.__self__)
        if isinstance(obj, types.MethodType):
            return isinstance(obj.__self__, LoopContext | Cycler)
        return any(obj is one for one in self._functions)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read it."""
        if isinstance(value, types.BuiltinMethodType):
            return attr in _methods_of(obj)
        plain = isinstance(obj, str | dict | list | tuple | set | frozenset | int | float)
        return not plain and super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute``."""
        if isinstance(obj, dict) and (type(obj) is Names or not hasattr(dict, attribute)):
            # The usual case, and without an exception.
            found = obj.get(attribute, self)
            if found is not self:
                return found
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """``str.format`` of a text, where ``value`` is that."""
        if not isinstance(value, types.BuiltinMethodType | types.MethodType):
            return None
        text, name = value.__self__, value.__name__
        if not isinstance(text, str) or name not in ("format", "format_map"):
            return None
        return _Format(self, text, of_mapping=name == "format_map")

    def call(self, context: Context, obj: Any, /, *arguments: Any, **named: Any) -> Any:
        """A call in a template."""
        if not self.is_safe_callable(obj):
            raise SecurityError(f"{_shown(obj)} cannot be called here")
        meter = METER.get()
        meter.spend(1)
        if isinstance(obj, Macro | BlockReference):
            meter.spend(_OF_A_MACRO + (meter.text >> CHARACTERS_SHIFT))
        elif isinstance(obj, LoopContext):
            arguments = (_counted(arguments[0], 1 + (meter.text >> CHARACTERS_SHIFT)),)
        elif isinstance(obj, types.BuiltinMethodType):
            return _method(obj, arguments, named)
        result = context.call(obj, *arguments, **named)
        if isinstance(result, str | list | dict | tuple | set):
            meter.weigh(result)
        return result

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator that can make much of little."""
        METER.get().spend(1)
        if operator == "%" and isinstance(left, str):
            return percent(left, right)
        if operator == "**":
            _power(left, right)
        elif operator == "*":
            _times(left, right)
            _times(right, left)
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, str | list | tuple):
            METER.get().weigh(result)
        return result


def _shown(obj: Any) -> str:
    name = getattr(obj, "__name__", None)
    return f"`{name}`" if isinstance(name, str) else f"a {type(obj).__name__}"


def _methods_of(obj: Any) -> frozenset[str]:
    return next((names for kind, names in _METHODS.items() if isinstance(obj, kind)), frozenset())


def _method(method: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    text, name = method.__self__, method.__name__
    if isinstance(text, str):
        if name == "replace":
            result: Any = replaced(text, *arguments, **named)
        elif name == "join":
            result = joined(text, list(*arguments))
        else:
            if name in ("center", "ljust", "rjust", "zfill"):
                narrow(*arguments)
            result = method(*arguments, **named)
    else:
        result = method(*arguments, **named)
    if isinstance(result, str | list | dict | tuple | set):
        METER.get().weigh(result)
    return result


def _power(left: Any, right: Any) -> None:
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and abs(left) > 1 and left.bit_length() * abs(right) > _BITS:
        raise TooMuchWork("a number that is too large")


def _times(factor: Any, times: Any) -> None:
    if not isinstance(times, int):
        return
    if isinstance(factor, int):
        if factor.bit_length() + times.bit_length() > _BITS:
            raise TooMuchWork("a number that is too large")
    elif isinstance(factor, str):
        fits(len(factor) * max(0, times))
    elif isinstance(factor, list | tuple) and len(factor) * times > _ELEMENTS:
        raise TooMuchWork(f"a list of more than {_ELEMENTS:,}")


class _Paying(NodeTransformer):
    """Puts what pays in the place of what would not."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  Jinja2's name
        self.generic_visit(node)
        weight = nodes.Const(1 + (constant_text(node) >> CHARACTERS_SHIFT))
        node.iter = nodes.Filter(node.iter, COUNTED, [weight], [], None, None)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return nodes.Filter(node.nodes[0], WRITTEN, node.nodes[1:], [], None, None)

    def _made(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node, nodes.Tuple) and node.ctx != "load":
            return node
        return nodes.Filter(node, MADE, [], [], None, None)

    visit_List = _made  # noqa: N815
    visit_Dict = _made  # noqa: N815
    visit_Tuple = _made  # noqa: N815


def constant_text(node: nodes.Node) -> int:
    """Characters of the text that a template, or a part of it, writes as it is."""
    return sum(len(data.data) for data in node.find_all(nodes.TemplateData))
