"""What a request is made of: words on the command line, and files."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

_STDIN: Final = Path("-")


def names_a_file(query: str) -> bool:
    """Whether a query is more likely meant as ``--request``: no question is spelled so."""
    if any(character.isspace() for character in query):
        return False
    return query.lower().endswith(".json") or os.path.isfile(query)


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        click.UsageError: It does not.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if not isinstance(content, dict):
        raise click.UsageError(f"{path} must hold a JSON object.")
    return content


def read_words(path: Path) -> str:
    """Read a file of text; ``-`` is standard input.

    Raises:
        click.UsageError: It is no text.
    """
    try:
        if path == _STDIN:
            return sys.stdin.buffer.read().decode("utf-8")
        return path.read_text(encoding="utf-8")
    except ValueError as error:
        raise click.UsageError(f"{path} is no text in UTF-8: {error}") from error
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror or error}") from error


def request_of(
    query: str | None, request_file: Path | None, files: Sequence[str] = ()
) -> dict[str, Any]:
    """The request in a file, with a query in the place of its own, and files as its parameters.

    Args:
        query: The query.
        request_file: The request as JSON.
        files: ``NAME=PATH`` each: a file's text becomes the parameter.

    Raises:
        click.UsageError: There is no query, or it names a file, or a file cannot be sent.
    """
    if query and names_a_file(query):
        raise click.UsageError(f"{query!r} names a file: give it as --request {query}")
    request = read_object(request_file) if request_file else {}
    request |= {"query": query} if query else {}
    if "query" not in request:
        raise click.UsageError("Give a QUERY or --request FILE.")
    if files:
        given = request.get("parameters", {})
        # The agent says what is wrong with parameters that are none.
        if isinstance(given, dict):
            request["parameters"] = {**given, **_texts(files)}
    return request


def _texts(files: Sequence[str]) -> dict[str, str]:
    texts = {}
    for one in files:
        name, _, path = one.partition("=")
        if not (name and path):
            raise click.UsageError(f"--file {one}: give NAME=PATH, such as notes=notes.csv.")
        if name in texts:
            raise click.UsageError(f"--file {one}: {name} is given twice.")
        texts[name] = read_words(Path(path))
    return texts


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
