"""Files that people write, checked: a mistake is one line with file, field and what is allowed."""

from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

_MAPPING: Final = "a mapping"
#: What Pydantic ends the place of a mapping's key with.
_KEY: Final = "[key]"
#: Characters of a value that are repeated.
_LONGEST: Final = 200


class Frozen(BaseModel):
    """Values of a file that people write.

    Strict: YAML and TOML have types of their own, and "3072" or `yes` for a number is a slip, not
    a value. Each field's description says what is allowed; error messages repeat it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def whole_number(low: int, high: int, unit: str = "") -> Any:
    """Describe a bounded whole number; the description is what an error message says."""
    suffix = f" {unit}" if unit else ""
    return Field(
        strict=True, ge=low, le=high, description=f"a whole number from {low} to {high}{suffix}"
    )


def one_line(text: str) -> str:
    """Refuse text that is blank, or holds what a reader of one line would not see as it is.

    Raises:
        PydanticCustomError: It does.
    """
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("one_line", "not a line to read")
    return text


def refused(sentence: str) -> PydanticCustomError:
    """What a validator of several fields raises; ``explain`` repeats its sentence."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


def explain(invalid: ValidationError, root: type[BaseModel]) -> str:
    """Say in one line which field is wrong first, and what it may be.

    Args:
        invalid: What Pydantic found.
        root: The model it was checked against.
    """
    error = invalid.errors(include_url=False)[0]
    location = [str(part) for part in error["loc"]]
    # A key may hold anything, too; its repr stays on one line.
    shown = (part if part.isprintable() else repr(part) for part in location if part != _KEY)
    dotted = ".".join(map(shortened, shown))
    owner, allowed = _find(root, location)
    if error["type"] == "missing":
        return f"{dotted} is missing; give {allowed}"
    # A model's key that is no text: YAML makes numbers, dates and nothing of some.
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return f"{dotted} is not a setting; those here are {', '.join(sorted(owner.model_fields))}"
    if error["type"] == "sentence":
        return f"{dotted}: {error['msg']}"
    # repr: an empty or multi-line text stays visible and on one line.
    return f"{dotted}: {shortened(_written(error['input']))} is not allowed; give {allowed}"


def _written(value: object) -> str:
    try:
        return repr(value)
    except ValueError:
        # Python writes no number of more than some thousand digits.
        return "a number of thousands of digits"


def shortened(text: str) -> str:
    """As much of a text as a line repeats."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _find(root: type[BaseModel], location: list[str]) -> tuple[type[BaseModel], str]:
    """Walk to ``location``: the model that owns the field there, and what the field may be."""
    owner = root
    allowed = _MAPPING
    nested: Any = root
    for name, following in zip(location, [*location[1:], ""], strict=True):
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            owner = nested
            field = owner.model_fields.get(name)
            if field is None:
                break
            allowed = field.description or _MAPPING
            nested = _unless_null(field.annotation)
        else:
            # An entry of a mapping or a list: its values' type comes last.
            nested, described = _entries_of(nested, keys=following == _KEY)
            allowed = described or allowed
            if following == _KEY:
                break
    return owner, allowed


def _unless_null(annotation: Any) -> Any:
    """What a field holds that may also be null."""
    given = [one for one in get_args(annotation) if one is not NoneType]
    return given[0] if NoneType in get_args(annotation) and len(given) == 1 else annotation


def _entries_of(container: Any, *, keys: bool) -> tuple[Any, str | None]:
    """The type of a container's values or keys, and what its description says is allowed."""
    arguments = [one for one in get_args(container) if one is not Ellipsis]
    entries = arguments[0 if keys else -1] if arguments else container
    if get_origin(entries) is not Annotated:
        return entries, None
    entries, *metadata = get_args(entries)
    described = [one.description for one in metadata if isinstance(one, FieldInfo)]
    return entries, next(filter(None, described), None)
