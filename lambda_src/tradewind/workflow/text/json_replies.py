"""The JSON in what a model replied: alone, in a fence, or in the middle of prose.

What was asked for is looked for in the whole reply, then in each fenced block, then in each
balanced object or list. The first that has the wanted shape is it. The work is bounded, whatever
the reply.
"""

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_FENCE: Final = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_OPENING: Final = re.compile(r"[{\[]")
_DECODER: Final = json.JSONDecoder()
#: Characters that are looked at in all, each as often as it is.
_WORK: Final = 5_000_000
#: What a start that leads nowhere counts at least: nesting is given up at a depth of about this.
_ATTEMPT: Final = 1_000
#: How often a character counts that is looked at in Python.
_SLOW: Final = 10
#: Fenced blocks that are looked at.
_MOST_FENCES: Final = 1_000
_BEST: Final = 100
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Choice:
    """A router's reply.

    Attributes:
        route: The name it chose.
        reply: All of it.
    """

    route: str
    reply: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluator's reply.

    Attributes:
        score: From 0 to 100.
        reply: All of it, with ``score``, ``issues`` and ``fixes`` as they were understood.
    """

    score: float
    reply: dict[str, Any]


def find_choice(text: str, routes: Collection[str]) -> Choice | None:
    """The choice in a reply: the first of a route there is, else the first; None for none."""
    unknown: Choice | None = None
    for value in _candidates(text):
        route = value.get("route") if isinstance(value, dict) else None
        if not isinstance(route, str) or not route.strip():
            continue
        choice = Choice(route.strip(), value)
        if choice.route in routes:
            return choice
        unknown = unknown or choice
    return unknown


def find_evaluation(text: str) -> Evaluation | None:
    """The first evaluation in a reply; None for none."""
    return _first(_candidates(text), _evaluation)


def find_tasks(text: str) -> list[dict[str, Any]] | None:
    """The first list of tasks in a reply, each with its ``task``; None for none."""
    # Of a list that was cut off, its first entries are not the list.
    return _first(_candidates(text, whole=True), _tasks)


def any_fits(text: str, fits: Callable[[Any], bool]) -> bool:
    """Whether a reply has JSON that is as it should be."""
    return any(map(fits, _candidates(text, whole=True)))


def _first(values: Iterator[Any], shape: Callable[[Any], _T | None]) -> _T | None:
    return next((found for found in map(shape, values) if found is not None), None)


def _evaluation(value: Any) -> Evaluation | None:
    if not isinstance(value, dict):
        return None
    score = value.get("score")
    if isinstance(score, str):
        try:
            score = float(score)
        except ValueError:
            return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= _BEST:
        return None
    score = int(score) if score == int(score) else score
    issues, fixes = _listed(value.get("issues")), _listed(value.get("fixes"))
    if issues is None or fixes is None:
        return None
    return Evaluation(score, value | {"score": score, "issues": issues, "fixes": fixes})


def _listed(value: Any) -> list[Any] | None:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else None


def _tasks(value: Any) -> list[dict[str, Any]] | None:
    if isinstance(value, dict):
        held = next((value[key] for key in ("tasks", "subtasks") if key in value), None)
        if isinstance(held, list):
            return _tasks(held)
        task = _task(value)
        return None if task is None else [task]
    if not isinstance(value, list):
        return None
    tasks = [_task(one) for one in value]
    return None if None in tasks else [task for task in tasks if task is not None]


def _task(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        return {"task": value} if value.strip() else None
    if not isinstance(value, dict):
        return None
    text = value.get("task", value.get("description"))
    if not isinstance(text, str) or not text.strip():
        return None
    return value | {"task": text}


def _candidates(text: str, *, whole: bool = False) -> Iterator[Any]:
    fences = itertools.islice(_FENCE.finditer(text), _MOST_FENCES)
    for part in (text, *(fence[1] for fence in fences)):
        try:
            yield json.loads(part)
        except (ValueError, RecursionError):
            continue
    yield from _balanced(text, whole=whole)


def _balanced(text: str, *, whole: bool) -> Iterator[Any]:
    work = _WORK
    for opening in _OPENING.finditer(text):
        start = opening.start()
        if work <= 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            work -= max(_ATTEMPT, error.pos - start)
            if whole:
                closed = _closes(text, start)
                if closed is None:
                    return
                work -= _SLOW * (closed - start)
        except (ValueError, RecursionError):
            work -= _ATTEMPT * _ATTEMPT
        else:
            work -= max(_ATTEMPT, end - start)
            yield value


def _closes(text: str, start: int) -> int | None:
    """Where the bracket at ``start`` is closed; None if it is not."""
    depth = 0
    quoted = escaped = False
    for position in range(start, len(text)):
        character = text[position]
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return position
    return None
