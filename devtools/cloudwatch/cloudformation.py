"""CloudFormation templates: properties without intrinsic functions.

What CloudFormation would only know at deployment stays a symbol: ``{"Ref": "Queue"}`` becomes
``${Queue}``, ``{"Fn::GetAtt": ["Queue", "QueueName"]}`` becomes ``${Queue.QueueName}``. Within one
template equal symbols are equal values, which is all that an alarm's metrics and rules need.
"""

import json
from typing import Any

from devtools.cloudwatch.alarms import AlarmError


class TemplateError(AlarmError):
    """A template cannot be read, or describes an alarm that is not possible or not supported."""


class NotSupported(TemplateError):
    """CloudFormation and CloudWatch take it; it is not evaluated here."""


def resolve(value: Any) -> Any:
    """Replace CloudFormation's intrinsic functions by texts, with symbols for what is unknown.

    Raises:
        NotSupported: A function is not evaluated here.
    """
    if isinstance(value, list):
        return [resolve(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        function, argument = next(iter(value.items()))
        if function == "Ref" or function.startswith("Fn::"):
            return _symbol(function, argument)
    return {key: resolve(item) for key, item in value.items()}


def _symbol(function: str, argument: Any) -> str:
    match function, argument:
        case ("Ref", str(name)) | ("Fn::GetAtt", str(name)):
            text = f"${{{name}}}"
        case "Fn::GetAtt", [str(name), str(attribute)]:
            text = f"${{{name}.{attribute}}}"
        case "Fn::Join", [str(separator), list(parts)]:
            text = separator.join(str(resolve(part)) for part in parts)
        case "Fn::Sub", str(text):
            pass
        case "Fn::Sub", [str(text), dict(variables)]:
            for name, part in variables.items():
                text = text.replace(f"${{{name}}}", str(resolve(part)))
        case "Fn::ImportValue", exported:
            text = f"${{ImportValue {resolve(exported)}}}"
        case _:
            raise NotSupported(f"{function} of {json.dumps(argument)[:80]} is not supported here")
    return text


class Properties:
    """A resource's properties, resolved; errors name the resource and the property."""

    def __init__(self, properties: Any, where: str) -> None:
        self.where = where
        try:
            self._values = resolve(properties)
        except NotSupported as error:
            raise NotSupported(f"{where}: {error}") from None
        if not isinstance(self._values, dict):
            raise TemplateError(f"{where}: it has no properties")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str | None = None) -> str:
        """A property that is a text and not empty."""
        value = self._values.get(name, default)
        if not isinstance(value, str) or not value:
            raise TemplateError(f"{self.where}: {name} must be a text, not {value!r}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A property that is a number, or written like one."""
        value = self._values.get(name, default)
        try:
            return float(str(value))
        except ValueError:
            raise TemplateError(f"{self.where}: {name} must be a number, not {value!r}") from None

    def whole(self, name: str, default: int | None = None) -> int:
        """A property that is a whole number."""
        value = self.number(name, default)
        if value != int(value):
            raise TemplateError(f"{self.where}: {name} must be a whole number, not {value!r}")
        return int(value)

    def inner(self, name: str) -> "Properties":
        """A property that is an object."""
        return Properties(self._values.get(name), f"{self.where}: {name}")

    def list(self, name: str) -> "list[Properties]":
        """A property that is a list of objects; empty when it is missing."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            raise TemplateError(f"{self.where}: {name} must be a list")
        return [Properties(v, f"{self.where}: {name}[{i}]") for i, v in enumerate(value)]

    def plain(self, name: str) -> "tuple[str, ...]":
        """A property that is a list of texts; empty when it is missing."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise TemplateError(f"{self.where}: {name} must be a list of texts")
        return tuple(value)

    def texts(self, name: str) -> dict[str, str]:
        """A property that holds texts by name."""
        return {key: str(value) for key, value in self.inner(name)._values.items()}

    def is_false(self, name: str) -> bool:
        """Whether a property is given, and false."""
        return self._values.get(name) in {False, "false"}
