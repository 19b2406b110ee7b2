"""YAML files in which nothing is said twice."""

from pathlib import Path
from typing import Any

import yaml


class YamlFileError(ValueError):
    """A file is not valid YAML, or gives a key twice. One line: file, line, what."""


class _UniqueKeys(yaml.SafeLoader):
    """Takes no mapping with the same key twice: YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known = set()
        for key, _ in node.value:
            if (key.tag, str(key.value)) in known:
                line = key.start_mark.line + 1
                raise YamlFileError(f"{self.name}:{line}: {key.value!r} stands here twice")
            known.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep)


def load_yaml(file: Path) -> Any:
    """Read a file's one document.

    Raises:
        OSError: It cannot be read.
        YamlFileError: It is not valid YAML, or a mapping in it has the same key twice.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_UniqueKeys)  # noqa: S506  a safe loader
    except YamlFileError:
        raise
    # A ValueError is text in another encoding, a 13th month, or a number of endless digits.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlFileError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
