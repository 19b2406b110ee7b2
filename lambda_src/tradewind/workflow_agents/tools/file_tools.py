"""Tools that read, write and search the files of a run's folder."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from pydantic import Field

from tradewind.workflow.text.faults import BadText, TooMuchWork
from tradewind.workflow.text.patterns import search
from tradewind.workflow_agents.tools.folder import Folder
from tradewind.workflow_agents.tools.python_exec import Consent
from tradewind.workflow_agents.tools.tool import (
    Arguments,
    Calls,
    ToolRefused,
    WorkflowTool,
    in_thread,
    tool,
)

_MOST_LINES: Final = 1_000
_LONGEST_LINE: Final = 500
_MOST_FILES: Final = 2_000
_MOST_MATCHES: Final = 200
#: What a search may read in all.
_MOST_SEARCHED: Final = 50_000_000
#: Searching a line for a pattern may take a quarter of a second; a file must not take all of them.
_MOST_PATTERN_LINES: Final = 100_000

_WRITE: Final = "file_write"
_PATH: Final = "A path in the run's folder, such as notes/a.md."


class Read(Arguments):
    """Which file."""

    path: str = Field(max_length=2_000, description=_PATH)


class Write(Arguments):
    """What is written."""

    path: str = Field(max_length=2_000, description=_PATH)
    content: str = Field(description="The text.")
    append: bool = Field(default=False, description="Add it at the end, where there is a file.")


class Part(Arguments):
    """Lines at an end of a file."""

    path: str = Field(max_length=2_000, description=_PATH)
    lines: int = Field(default=20, ge=1, le=_MOST_LINES)


class Grep(Arguments):
    """A regular expression."""

    pattern: str = Field(max_length=1_000, description="A regular expression, for each line.")
    path: str = Field(
        default="", max_length=2_000, description="A file or folder; all, if left out."
    )
    ignore_case: bool = False


class Search(Arguments):
    """Words."""

    query: str = Field(min_length=1, max_length=500, description="Words, all in one line.")
    path: str = Field(
        default="", max_length=2_000, description="A file or folder; all, if left out."
    )


def file_tools(folder: Folder, calls: Calls, consent: Consent | None) -> dict[str, WorkflowTool]:
    """The tools of a folder, by their names.

    Args:
        folder: The folder.
        calls: Makes their calls.
        consent: Asked before a file is changed that they have not made themselves; None where
            there is nobody to ask.
    """

    async def write(arguments: Write) -> str:
        path = arguments.path
        is_new = await asyncio.to_thread(folder.is_own, path)
        question = f"Change the file {path}?"
        if not is_new and (consent is None or not await consent(_WRITE, question)):
            raise ToolRefused(
                "There is such a file already, and nobody has consented to changing it."
            )
        size = await asyncio.to_thread(
            folder.write, path, arguments.content, append=arguments.append
        )
        return f"Written: {path} has {size:,} bytes."

    def head(arguments: Part) -> str:
        return "\n".join(folder.read(arguments.path).splitlines()[: arguments.lines])

    def tail(arguments: Part) -> str:
        return "\n".join(folder.read(arguments.path).splitlines()[-arguments.lines :])

    def read(arguments: Read) -> str:
        return folder.read(arguments.path)

    made: list[tuple[str, str, type[Any], Any]] = [
        ("file_read", "Reads a text file of the run's folder.", Read, read),
        ("head", "Shows the first lines of a file of the run's folder.", Part, head),
        ("tail", "Shows the last lines of a file of the run's folder.", Part, tail),
        (
            "grep",
            "Finds the lines of files of the run's folder that match a regular expression.",
            Grep,
            lambda arguments: _listed(_grep(folder, arguments)),
        ),
        (
            "search",
            "Finds the lines of files of the run's folder that have some words, in any case.",
            Search,
            lambda arguments: _listed(_search(folder, arguments)),
        ),
    ]
    tools = {
        name: tool(name, text, arguments, calls, in_thread(work))
        for name, text, arguments, work in made
    }
    written = "Writes a text file in the run's folder."
    return {**tools, _WRITE: tool(_WRITE, written, Write, calls, write)}


def _listed(matches: Iterator[str]) -> str:
    found = []
    for match in matches:
        found.append(match)
        if len(found) == _MOST_MATCHES:
            return "\n".join([*found, f"[only the first {_MOST_MATCHES} are shown]"])
    return "\n".join(found) or "Nothing was found."


def _grep(folder: Folder, arguments: Grep) -> Iterator[str]:
    for count, (place, line) in enumerate(_lines(folder, arguments.path)):
        if count == _MOST_PATTERN_LINES:
            yield "[the rest was not searched]"
            return
        try:
            hit = search(arguments.pattern, line, ignore_case=arguments.ignore_case)
        except BadText as error:
            raise ToolRefused(f"`pattern`: {error}") from None
        except TooMuchWork:
            raise ToolRefused("`pattern` takes too long on a line.") from None
        if hit is not None:
            yield f"{place}: {line[:_LONGEST_LINE]}"


def _search(folder: Folder, arguments: Search) -> Iterator[str]:
    words = arguments.query.lower().split()
    if not words:
        raise ToolRefused("`query` has no words.")
    for place, line in _lines(folder, arguments.path):
        low = line.lower()
        if all(word in low for word in words):
            yield f"{place}: {line[:_LONGEST_LINE]}"


def _lines(folder: Folder, path: str) -> Iterator[tuple[str, str]]:
    read = 0
    for name in folder.files(path, _MOST_FILES):
        try:
            text = folder.read(name)
        except ToolRefused:
            continue  # no text, too large, or gone by now
        read += len(text)
        if read > _MOST_SEARCHED:
            return
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{name}:{number}", line
