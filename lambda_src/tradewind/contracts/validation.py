"""Files that people write, checked: a mistake is one line with file, field and what is allowed."""

from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

_MAPPING: Final = "a mapping"


class Frozen(BaseModel):
    """Values of a file that people write.

    Strict: YAML and TOML have types of their own, and "3072" or `yes` for a number is a slip, not
    a value. Each field's description says what is allowed; error messages repeat it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def whole_number(low: int, high: int, unit: str = "") -> Any:
    """Describe a bounded whole number; the description is what an error message says."""
    suffix = f" {unit}" if unit else ""
    return Field(
        strict=True, ge=low, le=high, description=f"a whole number from {low} to {high}{suffix}"
    )


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
    location = [str(part) for part in error["loc"] if part != "[key]"]
    dotted = ".".join(location)
    owner, allowed = _find(root, location)
    if error["type"] == "missing":
        return f"{dotted} is missing; give {allowed}"
    if error["type"] == "extra_forbidden":
        return f"{dotted} is not a setting; those here are {', '.join(sorted(owner.model_fields))}"
    if error["type"] == "sentence":
        return f"{dotted}: {error['msg']}"
    # repr: an empty or multi-line text stays visible and on one line.
    return f"{dotted}: {error['input']!r} is not allowed; give {allowed}"


def _find(root: type[BaseModel], location: list[str]) -> tuple[type[BaseModel], str]:
    """Walk to ``location``: the model that owns the field there, and what the field may be."""
    owner = root
    allowed = _MAPPING
    nested: Any = root
    for name in location:
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            owner = nested
            field = owner.model_fields.get(name)
            if field is None:
                break
            allowed = field.description or _MAPPING
            nested = field.annotation
        else:
            # An entry of a mapping or a list: its values' type comes last.
            nested, described = _values_of(nested)
            allowed = described or allowed
    return owner, allowed


def _values_of(container: Any) -> tuple[Any, str | None]:
    """The type of a container's values, and what its description says is allowed."""
    arguments = [one for one in get_args(container) if one is not Ellipsis]
    values = arguments[-1] if arguments else container
    if get_origin(values) is not Annotated:
        return values, None
    values, *metadata = get_args(values)
    described = [one.description for one in metadata if isinstance(one, FieldInfo)]
    return values, next(filter(None, described), None)
