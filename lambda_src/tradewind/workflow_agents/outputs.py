"""Holds an agent's replies to its ``output_schema``."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow.text.faults import BadText, TooMuchWork
from tradewind.workflow.text.json_replies import any_fits
from tradewind.workflow.text.patterns import search


class Output:
    """What an agent's replies have to be.

    Args:
        schema: A JSON Schema that was checked; a reference in it leads nowhere else.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        # Imported by the workflows that need it.
        from jsonschema.validators import extend, validator_for  # noqa: PLC0415
        from referencing import Registry  # noqa: PLC0415

        kind = extend(validator_for(schema), {"pattern": _has_pattern})
        self._validator = kind(schema, registry=Registry())
        self._schema = schema

    @property
    def wanted(self) -> str:
        """What the agent is told of it."""
        schema = json.dumps(self._schema, ensure_ascii=False)
        return f"Answer with JSON that fits this JSON Schema, and with nothing else:\n{schema}"

    def hold(self, reply: str) -> None:
        """Accept a reply with JSON in it that fits.

        Raises:
            AgentFailed: There is none.
        """
        from referencing.exceptions import Unresolvable  # noqa: PLC0415

        try:
            fits = any_fits(reply, self._validator.is_valid)
        except (BadText, TooMuchWork, Unresolvable, RecursionError) as error:
            raise AgentFailed(
                f"OUTPUT_UNCHECKED: a reply cannot be held to `output_schema`: "
                f"{type(error).__name__}"
            ) from error
        if not fits:
            raise AgentFailed("OUTPUT_INVALID: the reply has no JSON that fits `output_schema`")


def _has_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """As jsonschema's own, within a bound of time."""
    from jsonschema import ValidationError  # noqa: PLC0415

    if isinstance(value, str) and search(pattern, value) is None:
        yield ValidationError("does not match")
