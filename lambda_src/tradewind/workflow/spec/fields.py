"""What the models of a workflow file are made of."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

ID_PATTERN: Final = r"^[A-Za-z0-9._:-]+$"
#: The type of the errors whose message is ready to be read.
SENTENCE: Final = "sentence"
_LARGEST: Final = sys.float_info.max


class Closed(BaseModel):
    """An object of a workflow file: no key but those named, and no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def refused(sentence: str) -> PydanticCustomError:
    """The error of a rule of our own; its sentence says what is allowed."""
    return PydanticCustomError(SENTENCE, "{sentence}", {"sentence": sentence})


def whole(low: int, high: int | None = None) -> PlainValidator:
    """A whole number within bounds."""
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"

    def check(value: Any) -> int:
        if type(value) is not int or value < low or (high is not None and value > high):
            raise refused(f"must be a whole number {allowed}")
        return value

    return PlainValidator(check)


def number(low: float, high: float | None = None) -> PlainValidator:
    """A number within bounds."""
    allowed = f"from {low:g} to {high:g}" if high is not None else f"of {low:g} or more"

    def check(value: Any) -> float:
        # A whole number may be too large to be any other.
        fits = type(value) in (int, float) and low <= value <= (_LARGEST if high is None else high)
        if not fits:
            raise refused(f"must be a number {allowed}")
        return float(value)

    return PlainValidator(check)


def _unique(entries: tuple[str, ...]) -> tuple[str, ...]:
    seen = set()
    for entry in entries:
        if entry in seen:
            raise refused(f"{entry!r} is there twice; each may be there once")
        seen.add(entry)
    return entries


_Entry = TypeVar("_Entry")
#: A list, kept as a tuple.
Listed = Annotated[tuple[_Entry, ...], Field(strict=False)]
#: The same, with at least one entry.
OneOrMore = Annotated[tuple[_Entry, ...], Field(strict=False, min_length=1)]
UNIQUE: Final = AfterValidator(_unique)

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Filled = Annotated[str, Field(min_length=1)]
#: A Jinja2 template.
Template = str
Json = Any


def _scalar(value: Any) -> str | int | float | bool:
    if isinstance(value, str | int | float):
        return value
    raise refused("must be a string, a number, true or false")


def _path_or_schema(value: Any) -> str | dict[str, Json]:
    if isinstance(value, dict) or (isinstance(value, str) and value):
        return value
    raise refused("must be the path of a JSON Schema, or a JSON Schema itself")


#: What a variable of a step may be.
Scalar = Annotated[str | int | float | bool, PlainValidator(_scalar)]
#: A JSON Schema, or where one is.
Schema = Annotated[str | dict[str, Json], PlainValidator(_path_or_schema)]


def respelled(data: Any, spellings: Mapping[str, str]) -> Any:
    """A copy of ``data`` in which other spellings of a key are the key's own name.

    Args:
        data: What a file has in an object's place, whatever it is.
        spellings: The key by its other spelling.

    Raises:
        PydanticCustomError: A key is there in both spellings.
    """
    if not isinstance(data, Mapping) or not spellings.keys() & data.keys():
        return data
    both = next((one for one in spellings if one in data and spellings[one] in data), None)
    if both is not None:
        raise refused(f"has both `{spellings[both]}` and `{both}`, which mean the same; keep one")
    return {spellings.get(key, key): value for key, value in data.items()}
