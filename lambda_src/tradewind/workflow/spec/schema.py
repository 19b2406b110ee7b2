"""What Pydantic finds wrong with a file's data, as findings in the words of the file."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from tradewind.workflow.spec import model, steps
from tradewind.workflow.spec.fields import SENTENCE
from tradewind.workflow.spec.problem import Finding, Path, Severity, closest, quoted, shown

#: What Pydantic ends the place of a mapping's key with.
_KEY: Final = "[key]"
#: The spelling that a file may have in the place of the field's name.
_OTHER_SPELLINGS: Final = {
    name: other for other, name in (model.BUDGET_SPELLINGS | steps.TASK_SPELLINGS).items()
}
#: Each pattern's keys, by its type.
CONFIG_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "chain": frozenset({"steps"}),
    "workflow": frozenset({"tasks"}),
    "parallel": frozenset({"branches"}),
    "routing": frozenset({"router", "routes"}),
    "evaluator_optimizer": frozenset({"producer", "evaluator", "accept", "revise_prompt"}),
    "orchestrator_workers": frozenset({"orchestrator", "worker_template"}),
    "graph": frozenset({"nodes", "edges"}),
}
#: What other formats, and older ones, call things.
_HINTS: Final = {
    "agent_id": "an agent is named with `agent`",
    "output_key": "templates read a step's reply as `steps[0].response`, a task's as `tasks.ID`",
    "variables": "declare inputs in `required` or `optional`; their own values go into `values`",
    "preset": "give `provider`, `model_id` and `region` themselves",
    "description": "it has a `path` and a `from` only",
}
_HINTED: Final = {
    "variables": ("inputs",),
    "preset": ("runtime",),
    "description": ("outputs", "artifacts"),
}
_TYPES: Final = {
    "string_type": "a string",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "none_required": "null",
}
_PATTERNS: Final = {
    r"^[A-Za-z0-9._:-]+$": "letters, digits and . _ : -",
    r"^[a-z0-9][a-z0-9._-]*$": "lower-case letters, digits and . _ -, a letter or digit first",
}


def findings(
    invalid: ValidationError, data: Mapping[str, Any], root: type[BaseModel]
) -> Iterator[Finding]:
    """Each mistake once, in the order that Pydantic found them in.

    Args:
        invalid: What it found.
        data: What it was given.
        root: The model it was checked against.
    """
    for error in invalid.errors(include_url=False):
        if not _counts_sound_entries_only(error):
            yield _finding(error, data, root)


def _counts_sound_entries_only(error: ErrorDetails) -> bool:
    """Whether a list is long enough, and too short only without its entries that are wrong."""
    least = error.get("ctx", {}).get("min_length", 0)
    value = error["input"]
    return error["type"] == "too_short" and isinstance(value, dict | list) and len(value) >= least


def _finding(  # noqa: PLR0911  a table with conditions
    error: ErrorDetails, data: Mapping[str, Any], root: type[BaseModel]
) -> Finding:
    location = error["loc"]
    path, at_key = _path_in(location, data)
    kind = error["type"]
    context = error.get("ctx", {})
    value = error["input"]
    if kind == SENTENCE:
        told = error["msg"]
        if told.startswith("must be"):
            told += f", not {quoted(value)}"
        return Finding(Severity.ERROR, path, told)
    if kind == "missing":
        return _missing(str(location[-1]), path, location, root)
    if kind == "extra_forbidden":
        return _unknown_key(path, location, root)
    if kind in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
        return _no_choice(kind, path, context, value)
    if kind in _TYPES:
        return Finding(Severity.ERROR, path, f"must be {_TYPES[kind]}, not {quoted(value)}")
    if kind == "string_pattern_mismatch":
        allowed = _PATTERNS.get(str(context.get("pattern")), str(context.get("pattern")))
        told = f"{quoted(value)} is not allowed; give {allowed}"
        return Finding(Severity.ERROR, path, told, at_key=at_key)
    if kind in ("string_too_short", "too_short"):
        least = context.get("min_length", 1)
        what = "entries" if least != 1 else "entry"
        told = "must not be empty" if "string" in kind else f"needs at least {least} {what}"
        return Finding(Severity.ERROR, path, told, at_key=at_key)
    return Finding(Severity.ERROR, path, shown(error["msg"]), at_key=at_key)


def _path_in(location: tuple[int | str, ...], data: Any) -> tuple[Path, bool]:
    """The place in the file's data; what is no part of it (a union's tag, say) is left out."""
    path: list[int | str] = []
    here = data
    for part in location:
        if part == _KEY:
            return tuple(path), True
        if isinstance(here, Mapping):
            other = _OTHER_SPELLINGS.get(str(part))
            key = part if part in here else other
            if key not in here:
                continue
            path.append(str(key))
            here = here[key]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            path.append(part)
            here = here[part]
    return tuple(path), False


def _missing(
    name: str, path: Path, location: tuple[int | str, ...], root: type[BaseModel]
) -> Finding:
    told = f"`{name}` is missing"
    if name == "type" and steps.HUMAN_TAG in location:
        told += "; a question to a person has `type: hitl`"
    elif name == "agent" and steps.AGENT_TAG in location:
        told += "; a step has an `agent`, or `type: hitl` and a `prompt`"
    elif name == "accept":
        told += "; it has a `min_score`"
    elif described := _description(root, location):
        told += f"; {described}"
    return Finding(Severity.ERROR, path, told)


def _description(root: type[BaseModel], location: tuple[int | str, ...]) -> str:
    owner = _owner(root, location)
    field = owner.model_fields.get(str(location[-1])) if owner else None
    choices = get_args(field.annotation) if field else ()
    if choices and all(isinstance(choice, str) for choice in choices):
        return f"it is one of {', '.join(choices)}"
    return ""


def _unknown_key(path: Path, location: tuple[int | str, ...], root: type[BaseModel]) -> Finding:
    key = str(location[-1])
    owner = _owner(root, location)
    allowed = tuple(
        field.alias or name for name, field in (owner.model_fields if owner else {}).items()
    )
    told = f"`{shown(key)}` is not a key here"
    if hint := _hint(key, path):
        told += f": {hint}"
    elif path[:-1] == ("pattern", "config") and (other := _type_with(key)):
        told += f": it belongs to a pattern of type {other}, and this one is {location[1]}"
    elif key == "agent" and steps.HUMAN_TAG in location:
        told += ": a step with `type: hitl` asks a person, and no agent"
    else:
        told += closest(key, allowed)
    return Finding(Severity.ERROR, path, told, allowed, at_key=True)


def _hint(key: str, path: Path) -> str | None:
    within = _HINTED.get(key)
    return _HINTS.get(key) if within is None or path[: len(within)] == within else None


def _type_with(key: str) -> str | None:
    return next((name for name, keys in CONFIG_KEYS.items() if key in keys), None)


def _no_choice(kind: str, path: Path, context: Mapping[str, Any], value: Any) -> Finding:
    expected = context.get("expected") or context.get("expected_tags") or ""
    allowed = tuple(re.findall(r"'([^']*)'", str(expected)))
    if kind == "literal_error":
        told = f"{quoted(value)} is not allowed"
    elif kind == "union_tag_not_found":
        told = "`type` is missing"
        allowed = tuple(CONFIG_KEYS)
    else:
        path = (*path, "type")
        value = context.get("tag")
        told = f"{quoted(value)} is no pattern"
        if value == "single":
            told += ": for one agent, use a chain of one step"
    if isinstance(value, str):
        told += closest(value, allowed)
    return Finding(Severity.ERROR, path, told, allowed)


def _owner(root: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that a key is or is not a field of."""
    here: Any = root
    for part in location[:-1]:
        here = _within(here, part)
    here = _bare(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _within(annotation: Any, part: int | str) -> Any:
    """The type of what is at ``part`` of a value of a type."""
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next((one for one in arguments if _is_tagged(one, part)), None)
    if origin is tuple:
        return arguments[0]
    return arguments[1] if origin is dict else None


def _bare(annotation: Any) -> Any:
    """A type without what is noted about it, or that it may be missing."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        present = [one for one in get_args(annotation) if one is not type(None)]
        if get_origin(annotation) in (Union, UnionType) and len(present) == 1:
            annotation = present[0]
            continue
        return annotation


def _is_tagged(member: Any, tag: int | str) -> bool:
    """Whether a union's member is the one that Pydantic calls ``tag``."""
    if get_origin(member) is Annotated:
        return any(isinstance(one, Tag) and one.tag == tag for one in get_args(member)[1:])
    field = member.model_fields.get("type") if hasattr(member, "model_fields") else None
    return (
        field is not None
        and get_origin(field.annotation) is Literal
        and (tag in get_args(field.annotation))
    )
