"""YAML whose every scalar is the text it is written as, and what is wrong in which line.

YAML would make 5 of ``0x5``, a truth value of ``on`` and a sexagesimal number of ``1:30``; in tests
of alarms a text is what it looks like.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MAX_BYTES: Final = 1_000_000
_MAX_NODES: Final = 50_000
_MAX_DEPTH: Final = 10
#: A list's name, a number and a key.
_ITEM_DEPTH: Final = 3

_Location = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)


class TestFileError(ValueError):
    """A file of alarm tests is not as it must be. One line: file, line, what, what is allowed."""

    # So that pytest does not take it for tests.
    __test__ = False


def read_model(
    path: Path, model: type[_Model], item: type[BaseModel]
) -> tuple[_Model, "YamlDocument"]:
    """Read a file that holds a list of items under a key.

    Args:
        path: The file.
        model: The whole of it: one field.
        item: What the list holds; messages name its keys.

    Returns:
        What it says, and where.

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
    document = YamlDocument(path)
    tree = document.tree(root, ())
    if not isinstance(tree, dict):
        keys = ", ".join(f.alias or name for name, f in model.model_fields.items())
        raise TestFileError(f"{path}: it must be a mapping with the key {keys}")
    try:
        return model.model_validate(tree), document
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        raise TestFileError(document.explain(errors, model, item)) from None


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
class YamlDocument:
    """A YAML file as plain lists, mappings and texts, with the line of each part.

    Attributes:
        path: The file.
    """

    path: Path
    _lines: dict[_Location, int] = field(default_factory=dict)
    _seen: int = 0

    def tree(self, node: yaml.Node | None, location: _Location) -> Any:
        """The lists, mappings and texts that a node at ``location`` stands for."""
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

    def explain(
        self, errors: list[ErrorDetails], model: type[BaseModel], item: type[BaseModel]
    ) -> str:
        """Say in one line where what is wrong."""
        # A misspelt key is also a missing one: the spelling is what helps.
        error = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        location = tuple(part for part in error["loc"] if part != "[key]")
        # What a lone text stands for is no key of the file's.
        if error["type"] != "missing" and isinstance(location[-1], str):
            location = location if location in self._lines else location[:-1]
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
        if error["type"] == "missing":
            what = " is missing"
        elif error["type"] == "extra_forbidden":
            what = " is not known here"
            owner = {1: model, _ITEM_DEPTH: item}.get(len(location))
            if owner is not None:
                known = ", ".join(f.alias or name for name, f in owner.model_fields.items())
                what += f"; known are {known}"
        else:
            what = f": {_GIVE.get(error['type'], error['msg'])}"
        return f"{self.path}:{self.line(location)}: {shown.lstrip('.')}{what}"
