"""YAML in which a key given twice is an error: PyYAML would take the last one, unsaid."""

from collections.abc import Hashable
from typing import Any, Final

import yaml

from stacks.settings.yaml_limits import check_size

_MERGE: Final = "tag:yaml.org,2002:merge"


class DuplicateKey(yaml.YAMLError):
    """A mapping has a key twice. One line."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            # What cannot be a key is the base class's to refuse.
            if isinstance(key, Hashable):
                if key in lines:
                    raise DuplicateKey(f"{key} is given twice, in lines {lines[key]} and {line}")
                lines[key] = line
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:
    """Return what ``text`` holds.

    Raises:
        DuplicateKey: A mapping has a key twice.
        TooMuch: It stands for more than any settings hold.
        yaml.YAMLError: It is no YAML, or holds more than plain values.
    """
    check_size(text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
