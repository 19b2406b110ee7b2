"""The values of a run's inputs: given, of the file, or by default, each of its declared type."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tradewind.workflow.spec.problem import Finding, Path, Severity, closest, quoted, shown
from tradewind.workflow.spec.units import listed, mapping

_TRUE: Final = ("true", "yes", "y", "1")
_FALSE: Final = ("false", "no", "n", "0")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_MEANT: Final[Mapping[str, str]] = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true, yes, y or 1, or false, no, n or 0",
    "array": "a list in JSON, such as [1, 2]",
    "object": 'a mapping in JSON, such as {"a": 1}',
}


class Misfit(ValueError):
    """A value is not of its input's type, or none of those to choose from."""


def convert(value: Any, kind: Any, enum: Any = None) -> Any:
    """A value as its declared type; text is read, anything else has to be of the type.

    Args:
        value: As given.
        kind: The type's word; another is passed over.
        enum: The values to choose from, if that is limited.

    Raises:
        Misfit: It is not.
    """
    converted = value
    if isinstance(kind, str) and kind in _KINDS:
        converted = _read(value, kind) if isinstance(value, str) else value
        is_other = isinstance(converted, bool) and kind != "boolean"
        if is_other or not isinstance(converted, _KINDS[kind]):
            raise Misfit(f"{quoted(value)} is not {_MEANT[kind]}")
    if isinstance(enum, list) and not any(_same(converted, one) for one in enum):
        choices = ", ".join(quoted(one) for one in enum[:20])
        raise Misfit(f"{quoted(value)} is not one of {choices}")
    return converted


def _read(text: str, kind: str) -> Any:
    word = text.strip().lower()
    try:
        match kind:
            case "boolean":
                return True if word in _TRUE else False if word in _FALSE else text
            case "integer":
                return int(word)
            case "number":
                return _number(word)
            case "array" | "object":
                return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    return text


def _number(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        number = float(word)
        if math.isfinite(number):
            return number
        raise


def _refuse(word: str) -> None:
    raise ValueError(word)


def _same(value: Any, other: Any) -> bool:
    # In Python, True is 1.
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def declared_names(data: Mapping[str, Any]) -> set[str]:
    """The inputs' names, with or without a value."""
    inputs = mapping(data.get("inputs"))
    return {
        name for part in ("required", "optional", "values") for name in mapping(inputs.get(part))
    }


def settle(
    data: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Finding]]:
    """The value of each input that has one, and what is wrong with them.

    Args:
        data: The file's.
        variables: What the run is given; it comes before the file's own values, and these come
            before defaults.
    """
    inputs = mapping(data.get("inputs"))
    values = dict(mapping(inputs.get("values")))
    found: list[Finding] = list(_declared_twice(inputs))
    for part in ("required", "optional"):
        for name, declaration in mapping(inputs.get(part)).items():
            full = {"type": declaration} if isinstance(declaration, str) else mapping(declaration)
            path: Path = ("inputs", part, name)
            found += _choices_of_another_type((*path, "enum"), full)
            if full.get("default") is not None and name not in values:
                values[name] = full["default"]
                path = (*path, "default")
            elif name in values:
                path = ("inputs", "values", name)
            severity = Severity.ERROR
            if name in variables:
                values[name] = variables[name]
                path, severity = ("inputs", part, name), Severity.MISSING_INPUT
            if name not in values:
                if part == "required":
                    told = f"needs a value: give --var {shown(name)}=..."
                    told += closest(name, variables)
                    found.append(Finding(Severity.MISSING_INPUT, path, told))
                continue
            try:
                values[name] = convert(values[name], full.get("type"), full.get("enum"))
            except Misfit as misfit:
                found.append(Finding(severity, path, str(misfit)))
    return {**variables, **values, **_undeclared(variables, inputs)}, found


def _undeclared(variables: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    declared = {*mapping(inputs.get("required")), *mapping(inputs.get("optional"))}
    return {name: value for name, value in variables.items() if name not in declared}


def _declared_twice(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    required = mapping(inputs.get("required"))
    for name in mapping(inputs.get("optional")):
        if name in required:
            told = "is among the required inputs, too; keep one"
            yield Finding(Severity.ERROR, ("inputs", "optional", name), told)


def _choices_of_another_type(path: Path, full: Mapping[str, Any]) -> Iterator[Finding]:
    for position, choice in enumerate(listed(full.get("enum"))):
        try:
            convert(choice, full.get("type"))
        except Misfit as misfit:
            yield Finding(Severity.ERROR, (*path, position), str(misfit))
