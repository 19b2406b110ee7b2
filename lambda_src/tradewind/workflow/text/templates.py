"""Templates: compiled once, rendered with names, in bounded work.

A name that nobody defines is an error, but in a prompt: there an output that needs it stays as it
was written, since prompts show template syntax to models, and a prompt that is no template at all
is used as it is.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import ChainableUndefined, StrictUndefined, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.visitor import NodeTransformer

from tradewind.workflow.text.faults import BadText, Fault, RenderingFailed
from tradewind.workflow.text.meter import METER, Meter
from tradewind.workflow.text.sandbox import GLOBALS, Names, Sandbox, SandboxContext, constant_text

__all__ = [
    "Names",
    "Template",
    "Unset",
    "check_template",
    "clean",
    "compiled",
    "names_in",
    "prompt",
]

#: Characters of a template.
LONGEST_TEMPLATE: Final = 1_000_000
#: Templates that stay compiled: a large file's, from its check to its run.
_KEPT: Final = 20_000
_MARKS: Final = ("{{", "{%", "{#")
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ELSEWHERE: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
#: Names that are listed in a message.
_MOST: Final = 10
_ASKS_WHETHER: Final = ("default", "d", "defined", "undefined")
#: One line of an error.
_LONGEST_MESSAGE: Final = 300


class _Strict(StrictUndefined):
    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, dict) and self._undefined_hint is None:
            known = ", ".join(str(key) for key in list(self._undefined_obj)[:_MOST]) or "nothing"
            return f"there is no {self._undefined_name!r} here; there is {known}"
        return super()._undefined_message


class Unset(ChainableUndefined):
    """An input that was not given: writes nothing, is false, and takes a default."""

    __slots__ = ()


STRICT: Final = Sandbox(_Strict)
_LENIENT: Final = Sandbox(ChainableUndefined)


class Template:
    """A template, compiled.

    Args:
        environment: What it is compiled in.
        source: Its text.
        tree: The same, parsed; None where nothing in it is more than text.
    """

    __slots__ = ("_constant", "_template", "_text")

    def __init__(self, environment: Sandbox, source: str, tree: nodes.Template | None) -> None:
        self._constant = clean(source.removesuffix("\n")) if tree is None else None
        if tree is not None:
            try:
                self._text = constant_text(tree)
                code = environment.compile(tree)
            except TemplateSyntaxError as error:
                raise BadText(Fault(one_line(error), error.lineno)) from None
            except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
                raise BadText(Fault(one_line(error))) from None
            self._template = environment.template_class.from_code(environment, code, {})

    @property
    def is_constant(self) -> bool:
        """Whether it is the same text whatever its names hold."""
        return self._constant is not None

    def render(self, names: Mapping[str, Any]) -> str:
        """Its text.

        Args:
            names: What its names hold.

        Raises:
            RenderingFailed: A name that it needs is not there, or an operation fails.
            TooMuchWork: It would take too long, or too much memory.
        """
        if self._constant is not None:
            return self._constant
        template = self._template
        token = METER.set(Meter(self._text))
        try:
            context = SandboxContext(template.environment, names, None, template.blocks)  # type: ignore[arg-type]
            return clean("".join(template.root_render_func(context)))
        except RenderingFailed:
            raise
        except RecursionError:
            raise RenderingFailed("calls itself too often") from None
        except Exception as error:
            # Whatever an operation of the template raises is the template's.
            raise RenderingFailed(one_line(error)) from None
        finally:
            METER.reset(token)


def clean(text: str) -> str:
    """Text without control characters but tabs and line ends, in the normal form NFC."""
    if text.isascii() and text.isprintable():
        return text
    text = _NOT_TEXT.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@lru_cache(maxsize=_KEPT)
def compiled(source: str) -> Template:
    """A template in which every name has to be defined.

    Raises:
        BadText: It is no template.
    """
    if not _is_template(source):
        return Template(STRICT, source, None)
    return Template(STRICT, source, _parsed(STRICT, source))


@lru_cache(maxsize=1024)
def prompt(source: str) -> Template:
    """An agent's prompt: what cannot be worked out in it stays as it was written."""
    if not _is_template(source):
        return Template(_LENIENT, source, None)
    try:
        tree = _parsed(_LENIENT, source)
        written = _Written(_outputs(source))
        return Template(_LENIENT, source, written.visit(tree))
    except BadText:
        return Template(_LENIENT, source, None)


def check_template(source: str) -> Fault | None:
    """Why a text cannot be used as a template; None if it can."""
    try:
        compiled(source)
        # Others are refused when they are rendered; this is never meant well.
        if "__" in source and _is_template(source):
            for node in _parsed(STRICT, source).find_all(nodes.Getattr):
                if node.attr.startswith("__"):
                    return Fault(f"`.{node.attr}` is out of bounds", node.lineno)
    except BadText as error:
        return error.fault
    return None


@lru_cache(maxsize=4096)
def names_in(source: str) -> frozenset[str]:
    """The names that a template needs to be defined; none of a text that is no template.

    Names of its own, and those that it asks about or has a default for, are not among them.
    """
    if not _is_template(source):
        return frozenset()
    try:
        tree = _parsed(STRICT, source)
    except BadText:
        return frozenset()
    return needed_names(tree)


def needed_names(tree: nodes.Template) -> frozenset[str]:
    """The same, of a template that is parsed; the tree is changed."""
    return frozenset(meta.find_undeclared_variables(_Unasked().visit(tree))) - GLOBALS.keys()


def one_line(error: BaseException) -> str:
    """What an error says, in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}..."


def _is_template(source: str) -> bool:
    return any(mark in source for mark in _MARKS)


def _parsed(environment: Sandbox, source: str) -> nodes.Template:
    if len(source) > LONGEST_TEMPLATE:
        raise BadText(Fault(f"a template of more than {LONGEST_TEMPLATE:,} characters"))
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        raise BadText(Fault(one_line(error), error.lineno)) from None
    except (RecursionError, ValueError, MemoryError, OverflowError) as error:
        raise BadText(Fault(one_line(error))) from None
    check_nodes(environment, tree)
    return tree


def check_nodes(environment: Sandbox, tree: nodes.Template) -> None:
    """Refuse what Jinja2 would find out only while it renders.

    Raises:
        BadText: It names other files, or filters or tests that there are not.
    """
    for node in _every(tree):
        if isinstance(node, _ELSEWHERE):
            raise BadText(Fault("a template cannot read other files", node.lineno))
        if isinstance(node, nodes.Filter) and node.name not in environment.filters:
            raise BadText(Fault(f"there is no filter `{one_line_of(node.name)}`", node.lineno))
        if isinstance(node, nodes.Test) and node.name not in environment.tests:
            raise BadText(Fault(f"there is no test `{one_line_of(node.name)}`", node.lineno))


def one_line_of(name: str) -> str:
    """A name of a template, fit for one line."""
    return " ".join(name.split())[:_LONGEST_MESSAGE]


def _every(tree: nodes.Node) -> Iterator[nodes.Node]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(node.iter_child_nodes())


def _outputs(source: str) -> list[str]:
    """The outputs of a template, as they are written, in order."""
    outputs: list[str] = []
    inside: list[str] | None = None
    for _line, kind, value in STRICT.lexer.tokeniter(source, None):
        if kind == "variable_begin":
            inside = []
        if inside is not None:
            inside.append(value)
        if kind == "variable_end" and inside is not None:
            outputs.append("".join(inside).strip())
            inside = None
    return outputs


def _root(node: nodes.Node) -> nodes.Name | None:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node if isinstance(node, nodes.Name) and node.ctx == "load" else None


class _Unasked(NodeTransformer):
    """Takes out the names that are only asked about, or have a default."""

    def _visit_asking(self, node: Any) -> nodes.Node:
        if node.name in _ASKS_WHETHER and _root(node.node) is not None:
            node.node = nodes.Const(None)
        self.generic_visit(node)
        return node  # type: ignore[no-any-return]

    visit_Filter = _visit_asking  # noqa: N815  Jinja2's names
    visit_Test = _visit_asking  # noqa: N815


class _Written(NodeTransformer):
    """Lets an output of a prompt stay as it is written where a name that it needs is not there."""

    def __init__(self, outputs: list[str]) -> None:
        self._outputs = iter(outputs)

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802
        node.nodes = [
            one if isinstance(one, nodes.TemplateData) else self._or_as_written(one)
            for one in node.nodes
        ]
        return node

    def _or_as_written(self, output: nodes.Expr) -> nodes.Expr:
        written = next(self._outputs)
        known: nodes.Expr | None = None
        for path in _paths(output):
            # A path is known from its root on, one step after the other.
            test = nodes.Test(path, "defined", [], [], None, None)
            known = test if known is None else nodes.And(known, test)
        return output if known is None else nodes.CondExpr(known, output, nodes.Const(written))


def _paths(node: nodes.Node) -> Iterator[nodes.Expr]:
    """The names that an expression needs, each followed by what it reads of it."""
    if isinstance(node, nodes.Filter | nodes.Test) and node.name in _ASKS_WHETHER:
        several: list[nodes.Node | None] = list(node.args or ())
        if node.node is not None and _root(node.node) is None:
            several.append(node.node)
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        # A method's owner is what has to be there.
        several = [node.node.node, *node.args, *node.kwargs]
    elif isinstance(node, nodes.Name):
        if node.ctx == "load" and node.name not in GLOBALS:
            yield node
        return
    else:
        several = list(node.iter_child_nodes())
    for one in several:
        if one is not None:
            yield from _paths(one)
    if isinstance(node, nodes.Getattr | nodes.Getitem) and _root(node) is not None:
        yield node


def is_undefined(value: Any) -> bool:
    """Whether a value is a name's that nobody defines, or an input's that was not given."""
    return isinstance(value, Undefined)
