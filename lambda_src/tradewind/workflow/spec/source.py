"""A workflow file's text as plain data, and where in the text each of its values is.

Hostile text costs no more than a large file does: a file's size, its depth and the number of its
values are bounded, and each alias counts as much as what it stands for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from tradewind.workflow.spec.json_source import read_json
from tradewind.workflow.spec.places import Mark, Places, Unreadable
from tradewind.workflow.spec.yaml_source import read_yaml

MOST_BYTES: Final = 10 * 1024 * 1024
YAML_NAMES: Final = (".yaml", ".yml")
JSON_NAMES: Final = (".json",)


@dataclass(slots=True)
class Source:
    """A text, read.

    Attributes:
        content: Its bytes.
        data: What it says.
        places: Where it says it.
        slips: What is wrong with the text, though it could be read: where, and how.
    """

    content: bytes
    data: Mapping[str, Any]
    places: Places
    slips: list[tuple[Mark, str]]


def read_source(file: FilePath, kept: Mapping[FilePath, bytes] | None = None) -> Source:
    """Read a file.

    Args:
        file: Its path.
        kept: Files' bytes, in the place of the files.

    Raises:
        Unreadable: It cannot be read, is too large, or no mapping in UTF-8.
    """
    suffix = file.suffix.lower()
    if suffix not in YAML_NAMES + JSON_NAMES:
        raise Unreadable("is named neither .yaml, .yml nor .json")
    if kept is None:
        content = read_bytes(file)
    elif file in kept:
        content = kept[file]
    else:
        raise Unreadable("was not kept")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = content.count(b"\n", 0, broken.start) + 1
        column = broken.start - content.rfind(b"\n", 0, broken.start)
        raise Unreadable("is not UTF-8 here", Mark(line, column)) from None
    read = read_json if suffix in JSON_NAMES else read_yaml
    data, places, slips = read(text)
    if not isinstance(data, dict) or not isinstance(places, Places):
        raise Unreadable(
            "must be a mapping with `version`, `name`, `runtime` and so on", Mark(1, 1)
        )
    return Source(content, data, places, slips)


def read_bytes(file: FilePath) -> bytes:
    """Read a plain file of at most 10 MB.

    Raises:
        Unreadable: It is none, or cannot be read.
    """
    try:
        # A pipe or a device would be read for ever.
        if file.exists() and not file.is_file():
            raise Unreadable("is no plain file")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as failed:
        reason = getattr(failed, "strerror", None) or "its name cannot be one"
        raise Unreadable(f"cannot be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise Unreadable("is larger than 10 MB")
    return content
