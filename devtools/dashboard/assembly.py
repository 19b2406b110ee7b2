"""The dashboards and alarms of a synthesized app.

A template's intrinsic functions become texts by ``devtools.cloudwatch.template.resolve``; what is
left of them are symbols such as ``${Queue.QueueName}``. Here each symbol gets its value: from the
deployed stack where there is one, else from the names the template itself gives. One that has
neither stays a symbol, and shows on the page as what it is.
"""

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.cloudformation import TemplateError, resolve
from devtools.cloudwatch.template import AnyAlarm, load_alarms
from devtools.dashboard.body import Variable, variables_of, with_value

#: ``physical(stack_name)``: the ids of a deployed stack's resources by logical id.
Physical = Callable[[str], Mapping[str, str]]

_DASHBOARD: Final = "AWS::CloudWatch::Dashboard"
_ALARMS: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
#: The property that names a resource, and its ARN after "arn:partition:".
_NAMED: Final[Mapping[str, tuple[str, str]]] = {
    _ALARMS[0]: ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    _ALARMS[1]: ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{region}:{account}:function:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:{name}:*"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::ApiGateway::RestApi": ("Name", "apigateway:{region}::/restapis/{name}"),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "states:{region}:{account}:stateMachine:{name}",
    ),
}
_SYMBOL: Final = re.compile(r"\$\{([^{}]+)\}")
_IMPORT: Final = "ImportValue "
#: A value may hold symbols of another stack, whose values hold symbols; no app goes this deep.
_DEEPEST: Final = 8
#: More dashboards than this from one body are a mistake, or one has to be typed.
_MOST_CHOICES: Final = 500
#: The default of a variable whose values a search finds: whatever it finds first.
_FIRST_FOUND: Final = "__FIRST"


class AssemblyError(ValueError):
    """The folder holds no synthesized app that can be read."""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard, or one with variables with a value for each.

    Attributes:
        name: Its name in CloudWatch; where variables have values to choose from, the chosen ones'
            labels after it, with dashes between.
        body: Its body, decoded, with the values put in; ``None`` when ``problem`` says why there is
            none.
        family: Its name in CloudWatch, which all that differ in values share.
        chosen: The labels of the chosen values by the variable's name.
        default: Whether CloudWatch shows these values first.
    """

    name: str
    body: Any
    problem: str = ""
    family: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    default: bool = True


@dataclass(frozen=True)
class Resource:
    """A resource of any type.

    Attributes:
        kind: Such as ``AWS::Logs::LogGroup``.
        properties: Its properties; those with an intrinsic function that is not known here are
            left out.
    """

    logical_id: str
    kind: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Assembly:
    """What was synthesized.

    Attributes:
        dashboards: In the templates' order.
        alarms: By name.
        resources: All of them, in the templates' order.
    """

    dashboards: tuple[Dashboard, ...]
    alarms: Mapping[str, AnyAlarm] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()


def read_assembly(
    folder: Path, *, account: str, region: str, physical: Physical = lambda _: {}
) -> Assembly:
    """Read the synthesized app in a folder such as ``cdk.out``.

    Args:
        folder: Holds ``*.template.json``; a ``manifest.json`` beside them tells the stacks' names.
        account: Stands for ``AWS::AccountId`` where a stack names none.
        region: Stands for ``AWS::Region`` likewise.
        physical: The ids that resources have once deployed.

    Raises:
        AssemblyError: There are no templates, or one cannot be read.
    """
    try:
        stacks = [
            _Stack(name, json.loads(file.read_text(encoding="utf-8")), account, region, physical)
            for name, file in _templates(folder)
        ]
    except (OSError, ValueError, RecursionError) as error:
        raise AssemblyError(f"{folder} cannot be read: {error}") from error
    if not stacks:
        raise AssemblyError(f"There is no *.template.json in {folder}.")
    exports: dict[str, str] = {}
    for stack in stacks:
        exports |= stack.exports
    dashboards = tuple(found for stack in stacks for found in stack.dashboards(exports))
    try:
        alarms = {name: described.alarm for name, described in load_alarms(folder).items()}
    except TemplateError as error:
        raise AssemblyError(str(error)) from error
    resources = tuple(found for stack in stacks for found in stack.resources(exports))
    return Assembly(dashboards, alarms, resources)


def _templates(folder: Path) -> Iterable[tuple[str, Path]]:
    """The stacks' names and templates."""
    names: dict[str, str] = {}
    manifest = folder / "manifest.json"
    if manifest.exists():
        for artifact in json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].values():
            properties = artifact.get("properties") or {}
            if artifact.get("type") == "aws:cloudformation:stack":
                names[properties["templateFile"]] = properties.get("stackName", "")
    for file in sorted(folder.glob("*.template.json")):
        yield names.get(file.name, file.name.removesuffix(".template.json")), file


class _Stack:
    """One template, and what its symbols stand for."""

    def __init__(
        self, name: str, template: Any, account: str, region: str, physical: Physical
    ) -> None:
        if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
            raise AssemblyError(f"{name}: it is no CloudFormation template: it has no Resources.")
        self._resources: dict[str, Any] = template["Resources"]
        self._outputs: dict[str, Any] = template.get("Outputs") or {}
        self._values = {
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": name,
        }
        deployed = physical(name)
        for logical_id, resource in self._resources.items():
            self._values |= self._names_of(logical_id, resource, deployed.get(logical_id))

    def _names_of(self, logical_id: str, resource: Any, deployed: str | None) -> dict[str, str]:
        kind = resource.get("Type") if isinstance(resource, dict) else None
        properties = (resource.get("Properties") or {}) if isinstance(resource, dict) else {}
        name_property, arn = _NAMED.get(str(kind), ("", ""))
        given = properties.get(name_property)
        # A queue's physical id is its URL, a topic's its ARN: both end in the name.
        name = re.split(r"[/:]", deployed)[-1] if deployed and kind in _ENDS_IN_NAME else deployed
        name = name or (given if isinstance(given, str) else None)
        if name is None:
            return {}
        values = {logical_id: deployed or name}
        if arn:
            values[f"{logical_id}.{name_property}"] = name
            values[f"{logical_id}.Arn"] = f"arn:aws:{arn}".format(
                region=self._values["AWS::Region"],
                account=self._values["AWS::AccountId"],
                name=name,
            )
        return values

    @property
    def exports(self) -> dict[str, str]:
        """What other stacks import, by export name."""
        found = {}
        for output in self._outputs.values():
            name = (output.get("Export") or {}).get("Name") if isinstance(output, dict) else None
            if name is not None:
                found[str(resolve(name))] = self._with_values(str(resolve(output["Value"])), {})
        return found

    def dashboards(self, exports: Mapping[str, str]) -> Iterable[Dashboard]:
        """The template's dashboards."""
        for logical_id, resource in self._resources.items():
            if not isinstance(resource, dict) or resource.get("Type") != _DASHBOARD:
                continue
            properties = resource.get("Properties") or {}
            name = self._values.get(logical_id, properties.get("DashboardName", logical_id))
            try:
                shown_name = self._with_values(str(resolve(name)), exports)
                body = json.loads(self._body(resolve(properties.get("DashboardBody")), exports))
            except (TemplateError, ValueError) as error:
                yield Dashboard(logical_id, None, f"Its body cannot be read: {error}")
                continue
            yield from expanded(Dashboard(shown_name, body, family=shown_name))

    def resources(self, exports: Mapping[str, str]) -> Iterable[Resource]:
        """The template's resources."""
        for logical_id, resource in self._resources.items():
            if not isinstance(resource, dict):
                continue
            properties = {}
            for name, value in (resource.get("Properties") or {}).items():
                with contextlib.suppress(TemplateError):
                    properties[name] = self._deep(resolve(value), exports)
            yield Resource(logical_id, str(resource.get("Type")), properties)

    def _deep(self, value: Any, exports: Mapping[str, str]) -> Any:
        """A property without intrinsics, with its symbols' values in every text in it."""
        if isinstance(value, str):
            return self._with_values(value, exports)
        if isinstance(value, list):
            return [self._deep(item, exports) for item in value]
        if isinstance(value, dict):
            return {name: self._deep(item, exports) for name, item in value.items()}
        return value

    def _body(self, text: Any, exports: Mapping[str, str]) -> str:
        # Values come into the middle of JSON texts, and are escaped for it.
        return self._with_values(str(text), exports, lambda value: json.dumps(value)[1:-1])

    def _with_values(
        self, text: str, exports: Mapping[str, str], escape: Callable[[str], str] = str
    ) -> str:
        def value(match: re.Match[str]) -> str:
            symbol = match[1]
            if symbol.startswith(_IMPORT):
                found = exports.get(symbol.removeprefix(_IMPORT))
            else:
                found = self._values.get(symbol)
            return match[0] if found is None else escape(found)

        for _ in range(_DEEPEST):
            after = _SYMBOL.sub(value, text)
            if after == text:
                break
            text = after
        return text


def expanded(dashboard: Dashboard) -> list[Dashboard]:
    """A dashboard for every choice of its variables' values; itself when it has none.

    A variable that a person types, or whose values a search finds, has its default.
    """
    try:
        variables = variables_of(dashboard.body)
    except (ValueError, TypeError, AttributeError):
        # The body itself says what is wrong with it.
        return [dashboard]
    choices = math.prod(len(variable.choices or "1") for variable in variables)
    if choices > _MOST_CHOICES:
        problem = f"Its variables' values make {choices} dashboards, more than {_MOST_CHOICES}."
        return [replace(dashboard, body=None, problem=problem)]
    found = [dashboard]
    for variable in variables:
        try:
            found = [after for before in found for after in _with_values(before, variable)]
        except ValueError as error:
            return [replace(dashboard, body=None, problem=f"{variable.shown_name!r} {error}")]
    return found


def _with_values(dashboard: Dashboard, variable: Variable) -> Iterator[Dashboard]:
    """A dashboard for each value of one variable.

    Raises:
        ValueError: It changes nothing, or leaves no JSON.
    """
    default = variable.default_value
    if variable.choices is None:
        if default not in (None, _FIRST_FOUND):
            dashboard = replace(dashboard, body=with_value(dashboard.body, variable, default))
        yield dashboard
        return
    bodies = [with_value(dashboard.body, variable, choice.value) for choice in variable.choices]
    if all(body["widgets"] == dashboard.body["widgets"] for body in bodies):
        raise ValueError("changes nothing: what it replaces stands nowhere.")
    for at, (choice, body) in enumerate(zip(variable.choices, bodies, strict=True)):
        yield replace(
            dashboard,
            name=f"{dashboard.name}-{choice.name}",
            body=body,
            chosen={**dashboard.chosen, variable.shown_name: choice.name},
            default=dashboard.default and (at == 0 if default is None else choice.value == default),
        )


_ENDS_IN_NAME: Final = frozenset({"AWS::SQS::Queue", "AWS::SNS::Topic"})
