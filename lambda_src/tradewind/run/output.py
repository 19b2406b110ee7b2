"""A run's output: the object that its request wants, held to the JSON Schema that describes it.

The model gives it by calling a tool that is none of the agent's, ``OUTPUT_TOOL``, whose arguments
are the output. That works for every schema, and with every model that can call tools.
"""

from itertools import islice
from typing import Any, Final

from tradewind.bedrock.reading import UNREADABLE, UNREADABLE_WHY
from tradewind.contracts.errors import OutputInvalid
from tradewind.contracts.output_schema import DIALECTS, refused, values_of

OUTPUT_TOOL: Final = "final_answer"
OUTPUT_TOOL_TEXT: Final = (
    "Gives the final answer. Call it once, alone, when everything else is done; there is no other "
    "way to answer."
)
#: What the model is told when it ends its turn without an output.
ASK_FOR_OUTPUT: Final = f"Give your answer by calling {OUTPUT_TOOL}."
#: Answers of the model in one run that are no output, or none that fits.
MAX_OUTPUT_TRIES: Final = 4
#: A message to the model names as many problems, and as much of each.
_MOST_SHOWN: Final = 8
_SHOWN_LENGTH: Final = 300


class RunOutput:
    """What a run's output has to be, and the output once there is one.

    Args:
        schema: The request's, as ``contracts.output_schema`` takes it.
        validator: What ``validator_of`` has made of it, where somebody has asked already.

    Attributes:
        schema: The same.
        value: The output; None until there is one that fits.

    Raises:
        InvalidRequest: It is no schema by the standard, or refers to what is not in it.
    """

    def __init__(self, schema: dict[str, Any], validator: Any = None) -> None:
        self.schema = schema
        self.value: dict[str, Any] | None = None
        self._validator = validator or validator_of(schema)
        self._tries = 0

    def take(self, value: Any) -> str | None:
        """Take what the model gives as the output, if it fits.

        To be called in a thread of the run's tools: a schema can keep a processor for long.

        Returns:
            What to tell the model; None when it fits.

        Raises:
            OutputInvalid: It does not, and neither did those before it.
        """
        problems = self._problems(value)
        if not problems:
            self.value = value
            return None
        self.failed()
        return " ".join([f"{OUTPUT_TOOL} was not taken.", *problems])

    def failed(self) -> None:
        """Note that the model answered, and gave no output that fits.

        Raises:
            OutputInvalid: That was its last try.
        """
        self._tries += 1
        if self._tries >= MAX_OUTPUT_TRIES:
            raise OutputInvalid(
                f"The model gave no output that fits output_schema in {MAX_OUTPUT_TRIES} tries."
            )

    def _problems(self, value: Any) -> list[str]:
        if isinstance(value, dict) and set(value) == {UNREADABLE, UNREADABLE_WHY}:
            return [f"It cannot be read: {value[UNREADABLE_WHY]}."]
        try:
            found = list(islice(self._validator.iter_errors(value), _MOST_SHOWN + 1))
        except RecursionError:
            raise OutputInvalid("output_schema refers to itself without an end.") from None
        shown = [f"{error.json_path}: {error.message[:_SHOWN_LENGTH]}." for error in found]
        return [*shown[:_MOST_SHOWN], "And more."] if len(shown) > _MOST_SHOWN else shown


def validator_of(schema: dict[str, Any]) -> Any:
    """Read a schema; the work grows with it.

    Raises:
        InvalidRequest: It is no schema by the standard, or refers to what is not in it.
    """
    # Imported by the requests that need it.
    import jsonschema  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415
    from referencing.jsonschema import specification_with  # noqa: PLC0415

    dialect = schema.get("$schema", DIALECTS[0])
    kind = jsonschema.validators.validator_for({"$schema": dialect})
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as wrong:
        place = "/".join(map(str, wrong.absolute_path)) or "its top"
        raise refused(f"It is no JSON Schema: see {place[:_SHOWN_LENGTH]}.") from None
    # Without a way to retrieve anything: a reference leads into the schema, or nowhere.
    registry: Any = Registry().with_resource(
        "", specification_with(dialect).create_resource(schema)
    )
    for reference in values_of(schema, "$ref"):
        try:
            registry.resolver().lookup(reference)
        except Unresolvable:
            raise refused(f"There is no {reference[:_SHOWN_LENGTH]} in it.") from None
    for pattern in values_of(schema, "pattern"):
        _check_pattern(pattern)
    checked = jsonschema.validators.extend(kind, {"pattern": _has_pattern})
    return checked(schema, registry=registry)


def _has_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Any:
    """Whether a text has a pattern: as jsonschema's own, in time that grows with the text alone."""
    import jsonschema  # noqa: PLC0415

    if isinstance(value, str) and not _matches(pattern, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


def _matches(pattern: str, text: str) -> bool:
    from pydantic_core import SchemaValidator, core_schema  # noqa: PLC0415

    # Python's own expressions can take for ever, and keep all of the process's threads meanwhile.
    rust = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    return SchemaValidator(rust).isinstance_python(text)


def _check_pattern(pattern: str) -> None:
    from pydantic_core import SchemaError  # noqa: PLC0415

    try:
        _matches(pattern, "")
    except SchemaError:
        raise refused(
            "A pattern is no regular expression that can be searched in linear time; "
            "there are no look-arounds and no back-references."
        ) from None
