"""What an ``aws`` command asks for, read as the AWS CLI reads it, by botocore's own models."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, OperationModel, Shape, StructureShape

#: Options of the CLI itself.
_GLOBAL: Final = {
    "--cli-binary-format", "--output", "--query", "--region", "--profile", "--endpoint-url"
}  # fmt: skip
#: Operations that write what they get to a file, named last.
_WITH_FILE: Final = {("lambda", "invoke")}
#: Services that the CLI calls otherwise than botocore.
_SERVICES: Final = {"deploy": "codedeploy", "s3api": "s3"}
_READ: Final = {"integer": int, "long": int, "float": float, "double": float}


class AwsCommandError(Exception):
    """The AWS CLI would refuse the command."""


@dataclass(frozen=True)
class AwsCall:
    """An operation with its parameters.

    Attributes:
        service: As botocore names it.
        operation: The method of botocore's client.
        parameters: Its arguments.
        file: Where the answer's body is to be written.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    file: str | None


def read_aws_command(words: list[str], folder: Path) -> AwsCall:
    """Read ``aws SERVICE OPERATION --OPTION VALUE ...``.

    Args:
        words: The command.
        folder: Where ``file://`` values are.

    Raises:
        AwsCommandError: There is no such service, operation or option, or one is missing.
    """
    service, operation, *rest = words[1:]
    if operation == "wait":
        operation, *rest = _awaited(service, rest)
    model = _operation(service, operation)
    members: dict[str, tuple[str, Shape]] = {}
    if model.input_shape is not None:
        members = {
            f"--{xform_name(name, '-')}": (name, shape)
            for name, shape in model.input_shape.members.items()
        }
    file = rest.pop() if (service, operation) in _WITH_FILE else None
    parameters = {}
    for option, values in _options(rest):
        if option in members:
            name, shape = members[option]
            parameters[name] = _value(option, shape, values, folder)
        elif option not in _GLOBAL:
            raise AwsCommandError(f"aws {service} {operation} has no {option}")
    required = model.input_shape.required_members if model.input_shape is not None else []
    missing = sorted(set(required) - set(parameters))
    if missing:
        raise AwsCommandError(f"aws {service} {operation} lacks {', '.join(missing)}")
    return AwsCall(_SERVICES.get(service, service), xform_name(model.name), parameters, file)


def _operation(service: str, operation: str) -> OperationModel:
    try:
        model = botocore.session.Session().get_service_model(_SERVICES.get(service, service))
    except UnknownServiceError as error:
        raise AwsCommandError(f"aws has no service {service}") from error
    for name in model.operation_names:
        if xform_name(name, "-") == operation:
            return model.operation_model(name)
    raise AwsCommandError(f"aws {service} has no {operation}")


def _awaited(service: str, words: list[str]) -> list[str]:
    """The operation that a waiter asks again and again, with the rest of the command."""
    waiter, *rest = words
    session = botocore.session.Session()
    model = session.get_waiter_model(_SERVICES.get(service, service))
    for name in model.waiter_names:
        if xform_name(name, "-") == waiter:
            return [xform_name(model.get_waiter(name).operation, "-"), *rest]
    raise AwsCommandError(f"aws {service} wait has no {waiter}")


def _options(words: list[str]) -> list[tuple[str, list[str]]]:
    options: list[tuple[str, list[str]]] = []
    for word in words:
        if word.startswith("--"):
            options.append((word, []))
        elif options:
            options[-1][1].append(word)
        else:
            raise AwsCommandError(f"{word} is not an option")
    return options


def _value(option: str, shape: Shape, values: list[str], folder: Path) -> Any:
    if isinstance(shape, ListShape):
        return [_scalar(option, shape.member, value, folder) for value in values]
    if shape.type_name == "boolean" and not values:
        return True
    if len(values) != 1:
        raise AwsCommandError(f"{option} takes one value, not {values}")
    return _scalar(option, shape, values[0], folder)


def _member(option: str, shape: StructureShape, pair: str) -> tuple[str, Any]:
    """A ``NAME=VALUE`` of the CLI's shorthand."""
    name, _, value = pair.partition("=")
    if name not in shape.members:
        raise AwsCommandError(f"{option} has no {name}")
    return name, _scalar(option, shape.members[name], value, Path())


def _scalar(option: str, shape: Shape, value: str, folder: Path) -> Any:
    if value.startswith("file://"):
        value = (folder / value.removeprefix("file://")).read_text(encoding="utf-8")
    kind = shape.type_name
    if kind in {"map", "structure"} and value.startswith("{"):
        return json.loads(value)
    if isinstance(shape, StructureShape):
        return dict(_member(option, shape, pair) for pair in value.split(","))
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "blob":
        return value.encode()
    if kind in _READ:
        return _READ[kind](value)
    if kind in {"string", "timestamp"}:
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            raise AwsCommandError(f"{option} is one of {', '.join(allowed)}, not {value}")
        return value
    raise AwsCommandError(f"{option}: a {kind} is not read here; write the command without it")
