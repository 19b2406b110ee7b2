"""What templates say of functions, metric filters, alarms' actions and deployments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.cloudformation import Properties, resolve
from devtools.cloudwatch.matching import Source
from devtools.cloudwatch.states import State
from devtools.stories.notation import Recipient

_ACTIONS: Final = {
    State.ALARM: "AlarmActions",
    State.OK: "OKActions",
    State.INSUFFICIENT_DATA: "InsufficientDataActions",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function.

    Attributes:
        timeout_s: When Lambda kills it.
        memory_mb: Its limit.
        log_group: Where it prints.
        log_level: The least that it may print.
        variables: Its environment variables.
        is_restored: Whether its processes are restored from a snapshot.
    """

    timeout_s: int
    memory_mb: int
    log_group: str
    log_level: str
    variables: Mapping[str, str]
    is_restored: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One metric that a metric filter makes.

    Attributes:
        log_group: The name of the log group whose lines it reads.
        pattern: Which lines.
        metric: What they are a value of.
        value: A number, or the field that is the value.
    """

    log_group: str
    pattern: str
    metric: Source
    value: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the templates of an app describe, alarms aside.

    Attributes:
        functions: By name.
        filters: What reads log lines.
        actions: Who is told of an alarm's new state, by its name and the state.
        going_back: The alarms that a deployment of a function goes back by, by the name of its
            deployment group.
    """

    functions: Mapping[str, Function]
    filters: tuple[Filter, ...]
    actions: Mapping[tuple[str, State], frozenset[Recipient]]
    going_back: Mapping[str, frozenset[str]]


def read_deployed(folder: Path) -> Deployed:
    """Read the templates in a folder, such as a ``cdk.out``.

    Raises:
        TemplateError: One has a property that is not as it must be.
    """
    read = _Read()
    for file in sorted(folder.rglob("*.template.json")):
        read.template(json.loads(file.read_text(encoding="utf-8")), file.name)
    return Deployed(read.functions, tuple(read.filters), read.actions, read.going_back)


class _Read:
    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}
        self.filters: list[Filter] = []
        self.actions: dict[tuple[str, State], frozenset[Recipient]] = {}
        self.going_back: dict[str, frozenset[str]] = {}

    def template(self, template: Mapping[str, Any], shown: str) -> None:
        resources = template.get("Resources", {})
        named = _names(resources)
        readers = {
            "AWS::Lambda::Function": self._function,
            "AWS::Logs::MetricFilter": self._filters,
            "AWS::CloudWatch::Alarm": self._actions,
            "AWS::CloudWatch::CompositeAlarm": self._actions,
            "AWS::CodeDeploy::DeploymentGroup": self._group,
        }
        for logical_id, resource in resources.items():
            if (reader := readers.get(resource["Type"])) is not None:
                reader(Properties(resource.get("Properties"), f"{shown}: {logical_id}"), named)

    def _function(self, given: Properties, named: Mapping[str, str]) -> None:
        if "FunctionName" not in given:  # one of the CDK's own
            return
        group, level = "", "INFO"
        if "LoggingConfig" in given:
            logging = given.inner("LoggingConfig")
            group = logging.text("LogGroup")
            level = logging.text("ApplicationLogLevel", level)
        variables = given.inner("Environment").texts("Variables") if "Environment" in given else {}
        self.functions[given.text("FunctionName")] = Function(
            timeout_s=given.whole("Timeout", 3),
            memory_mb=given.whole("MemorySize", 128),
            log_group=named.get(group, group),
            log_level=level,
            variables=variables,
            is_restored="SnapStart" in given
            and given.inner("SnapStart").text("ApplyOn") == "PublishedVersions",
        )

    def _filters(self, given: Properties, named: Mapping[str, str]) -> None:
        group = given.text("LogGroupName")
        for made in given.list("MetricTransformations"):
            metric = made.text("MetricNamespace"), made.text("MetricName"), ()
            self.filters.append(
                Filter(
                    named.get(group, group),
                    given.text("FilterPattern"),
                    metric,
                    made.text("MetricValue"),
                )
            )

    def _actions(self, given: Properties, _: Mapping[str, str]) -> None:
        if given.is_false("ActionsEnabled"):
            return
        for state, key in _ACTIONS.items():
            recipients = frozenset(map(_recipient, given.plain(key)))
            self.actions[given.text("AlarmName"), state] = recipients

    def _group(self, given: Properties, named: Mapping[str, str]) -> None:
        if "AlarmConfiguration" in given:
            alarms = given.inner("AlarmConfiguration").list("Alarms")
            self.going_back[given.text("DeploymentGroupName")] = frozenset(
                named.get(alarm.text("Name"), alarm.text("Name")) for alarm in alarms
            )


def _names(resources: Mapping[str, Any]) -> dict[str, str]:
    """What a reference to a log group or an alarm stands for, by the reference's symbol."""
    properties = {
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::CloudWatch::Alarm": "AlarmName",
    }
    return {
        f"${{{logical_id}}}": str(resolve(resource.get("Properties", {}).get(key, logical_id)))
        for logical_id, resource in resources.items()
        if (key := properties.get(resource["Type"]))
    }


def _recipient(topic: str) -> Recipient:
    """A topic whose construct is called so has the notices; every other one wakes somebody."""
    return Recipient.NOTICE if "Notices" in topic else Recipient.PAGE
