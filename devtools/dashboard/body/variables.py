"""A dashboard's variables: one body that shows one agent, or function, at a time.

A variable of type ``pattern`` replaces what a regular expression matches anywhere in the widgets'
JSON; one of type ``property`` the values of a property or of a dimension of that name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.alias_generators import to_camel

Value = StrictStr | StrictBool | StrictInt | StrictFloat
_Short = Annotated[str, Field(max_length=255)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, alias_generator=to_camel, allow_inf_nan=False
    )


class Choice(_Part):
    """A value that a variable can have, and what it is called."""

    value: Value
    label: _Short | None = None

    @property
    def name(self) -> str:
        """Its label, or the value itself."""
        return str(self.value) if self.label is None else self.label


class Variable(_Part):
    """A variable as the body describes it.

    Attributes:
        choices: The values to choose from; empty where a search finds them, or a person types one.
    """

    type: Literal["property", "pattern"]
    input_type: Literal["input", "select", "radio"]
    id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,32}$")
    label: str | None = Field(None, max_length=30)
    pattern: str | None = None
    of_property: str | None = Field(None, alias="property")
    choices: list[Choice] | None = Field(None, alias="values", min_length=1, max_length=500)
    default_value: Value | None = None
    search: str | None = Field(None, max_length=2048)
    populate_from: str | None = None
    visible: bool = True

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if not (self.pattern if self.type == "pattern" else self.of_property):
            raise ValueError(f"it has no {self.type} to replace.")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"{self.pattern!r} is no regular expression: {error}.") from None
        for choice in self.choices or ():
            if len(str(choice.value)) > 255:  # noqa: PLR2004  the documented limit
                raise ValueError("a value is longer than 255 characters.")
        found = self.search is not None and self.populate_from is not None
        if self.input_type != "input" and self.choices is None and not found:
            raise ValueError("it has neither values to choose from nor a search that finds them.")
        known = [choice.value for choice in self.choices or ()]
        if known and self.default_value is not None and self.default_value not in known:
            raise ValueError(f"its default {self.default_value!r} is not among its values.")
        return self

    @property
    def shown_name(self) -> str:
        """What the page calls it."""
        return self.label or self.of_property or self.id


def variables_of(body: Mapping[str, Any]) -> list[Variable]:
    """A body's variables.

    Raises:
        ValueError: One of them is not what CloudWatch takes; a ``ValidationError`` says which.
    """
    return [Variable.model_validate(variable) for variable in body.get("variables") or ()]


def with_value(body: Mapping[str, Any], variable: Variable, value: Value) -> dict[str, Any]:
    """The body with a variable's value put in; the body given stays as it is.

    Raises:
        ValueError: What a pattern leaves is no JSON any more.
    """
    widgets = body["widgets"]
    if variable.of_property is not None and variable.type == "property":
        return {**body, "widgets": _with_property(widgets, variable.of_property, value)}
    text = json.dumps(widgets, ensure_ascii=False)
    escaped = json.dumps(str(value), ensure_ascii=False)[1:-1]
    replaced = re.sub(variable.pattern or "", lambda _: escaped, text)
    try:
        return {**body, "widgets": json.loads(replaced)}
    except ValueError:
        raise ValueError("leaves what is no JSON.") from None


def _with_property(part: Any, name: str, value: Value) -> Any:
    if isinstance(part, Mapping):
        return {
            key: value if key == name and not isinstance(inner, dict | list)
            else _with_property(inner, name, value)
            for key, inner in part.items()
        }  # fmt: skip
    if not isinstance(part, Sequence) or isinstance(part, str):
        return part
    # In a row of metrics a dimension's value stands after its name.
    replaced = [_with_property(inner, name, value) for inner in part]
    for at in range(2, len(part) - 1, 2):
        if part[at] == name and isinstance(part[at + 1], str):
            replaced[at + 1] = str(value)
    return replaced
