"""Alarm tests as YAML: reading a file, and saying in which line what is wrong.

Every scalar is taken as the text it is written as. YAML would make 5 of ``0x5``, a truth value of
``on`` and a sexagesimal number of ``1:30``; here a series is what it looks like.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from devtools.cloudwatch.notation import (
    Expectation,
    NotationError,
    Step,
    parse_expectation,
    parse_series,
    parse_states,
    parse_time,
)
from devtools.cloudwatch.states import State

_MAX_BYTES: Final = 1_000_000
_MAX_NODES: Final = 50_000
_MAX_DEPTH: Final = 10

_Location = tuple[str | int, ...]


class TestFileError(ValueError):
    """A file of alarm tests is not as it must be. One line: file, line, what, what is allowed."""

    # So that pytest does not take it for tests.
    __test__ = False


def _written_as(parse: Callable[[str], Any]) -> Any:
    """Validate a text with ``parse`` and keep what it makes of it."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("text", "give a text, not a list or a mapping")
        try:
            return parse(value)
        except NotationError as error:
            raise PydanticCustomError("notation", "{error}", {"error": str(error)}) from None

    return PlainValidator(validate)


def _state(text: str) -> State:
    if text not in set(State):
        raise NotationError(f"{text!r} is no state; give OK, ALARM or INSUFFICIENT_DATA")
    return State(text)


def _every(text: str) -> int:
    seconds = parse_time(text)
    if seconds == 0:
        raise NotationError("every 0 s is not possible")
    return seconds


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise NotationError(f"{text!r} is not known; give true or false")
    return text == "true"


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Text = Annotated[str, Field(min_length=1, max_length=300)]
_Name = Annotated[str, Field(min_length=1, max_length=500)]
_Patterns = Annotated[
    tuple[_Name, ...], BeforeValidator(_one_or_several), Field(min_length=1, max_length=100)
]


class Case(BaseModel):
    """One alarm test.

    Attributes:
        name: What it shows.
        alarm: The alarms it is for: names, ends of names after a hyphen, or logical ids; ``*``
            stands for anything.
        excluded: Those of these that it is not for.
        every_s: Time from one step of a series to the next, in seconds; without it, the period of
            the alarm, or a minute for a composite alarm.
        start: The state the alarm is in before its first evaluation.
        series: What each metric publishes, by its name or its id in the alarm.
        states: For a composite alarm, the states of alarms it is made of, over time.
        expect: What must be so.
        optional: Whether a template without such an alarm is fine: not every environment has each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Text
    alarm: _Patterns
    excluded: Annotated[_Patterns, Field(alias="except")] = ()
    every_s: Annotated[int | None, _written_as(_every), Field(alias="every")] = None
    start: Annotated[State, _written_as(_state)] = State.INSUFFICIENT_DATA
    series: dict[_Name, Annotated[tuple[Step, ...], _written_as(parse_series)]] = {}
    states: dict[_Name, Annotated[tuple[State, ...], _written_as(parse_states)]] = {}
    expect: Annotated[
        tuple[Annotated[Expectation, _written_as(parse_expectation)], ...],
        BeforeValidator(_one_or_several),
        Field(min_length=1, max_length=1000),
    ]
    optional: Annotated[bool, _written_as(_truth)] = False


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """An alarm test and where it stands.

    Attributes:
        case: The test.
        path: Its file.
        line: Its line.
    """

    case: Case
    path: Path
    line: int


def read_test_file(path: Path) -> tuple[PlacedCase, ...]:
    """Read a file of alarm tests.

    Raises:
        TestFileError: It cannot be read, or is not as it must be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TestFileError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise TestFileError(f"{path}: it is larger than {_MAX_BYTES} bytes")
    try:
        root = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise TestFileError(f"{path}: not valid YAML: {' '.join(str(broken).split())}") from None
    except RecursionError:
        raise TestFileError(f"{path}: it nests too deep") from None
    document = _Document(path)
    tree = document.tree(root, ())
    if not isinstance(tree, dict):
        raise TestFileError(f"{path}: it must be a mapping with the key tests")
    try:
        file = _File.model_validate(tree)
    except ValidationError as invalid:
        raise TestFileError(document.explain(invalid.errors(include_url=False))) from None
    return tuple(
        PlacedCase(case, path, document.line(("tests", index)))
        for index, case in enumerate(file.tests)
    )


#: What pydantic says of these is about Python; this is about YAML.
_GIVE: Final = {
    "dict_type": "give a mapping",
    "model_type": "give a mapping",
    "string_too_short": "give a text that is not empty",
    "string_type": "give a text",
    "too_short": "give at least one",
    "tuple_type": "give a list",
}


@dataclass
class _Document:
    """A YAML file on its way to plain lists, mappings and texts, with the line of each part."""

    path: Path
    _lines: dict[_Location, int] = field(default_factory=dict)
    _seen: int = 0

    def tree(self, node: yaml.Node | None, location: _Location) -> Any:
        if node is None:
            return None
        # An alias is walked like what it stands for, so a few of them can stand for very much.
        self._seen += 1
        if self._seen > _MAX_NODES or len(location) > _MAX_DEPTH:
            raise TestFileError(f"{self.path}: it holds too much, or nests too deep")
        self._lines[location] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.tree(item, (*location, index)) for index, item in items]
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, location: _Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise TestFileError(f"{self.path}:{line}: a key must be a text")
            if key.value in mapping:
                raise TestFileError(f"{self.path}:{line}: {key.value!r} stands here twice")
            inner = (*location, key.value)
            mapping[key.value] = self.tree(value, inner)
            self._lines[inner] = line
        return mapping

    def line(self, location: _Location) -> int:
        """The line of the innermost part of ``location`` that stands in the file."""
        while location and location not in self._lines:
            location = location[:-1]
        return self._lines.get(location, 1)

    def explain(self, errors: list[ErrorDetails]) -> str:
        """Say in one line where what is wrong."""
        # A misspelt key is also a missing one: the spelling is what helps.
        error = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        location = tuple(part for part in error["loc"] if part != "[key]")
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
        if error["type"] == "missing":
            what = " is missing"
        elif error["type"] == "extra_forbidden":
            owner: type[BaseModel] = Case if len(location) > 1 else _File
            known = ", ".join(f.alias or name for name, f in owner.model_fields.items())
            what = f" is not known here; known are {known}"
        else:
            what = f": {_GIVE.get(error['type'], error['msg'])}"
        return f"{self.path}:{self.line(location)}: {shown.lstrip('.')}{what}"
