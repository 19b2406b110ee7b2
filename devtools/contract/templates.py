"""What a synthesized app reads, out of its templates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.alarms import Alarm
from devtools.contract import firing
from devtools.contract.alarms import Watch, read_alarm, read_composite
from devtools.contract.boards import Places
from devtools.contract.filters import read_filter
from devtools.contract.telling import untold
from devtools.contract.uses import Contract, ContractError, LogUse, MetricFilter
from devtools.contract.widgets import Widgets
from devtools.dashboard.assembly import Assembly, AssemblyError, read_assembly

_DASHBOARD: Final = "AWS::CloudWatch::Dashboard"
_ACCOUNT: Final = "000000000000"
#: Stands for the region where the templates leave it open; no region is called so.
_ANY_REGION: Final = "any-region"


def read_contract(folder: Path) -> Contract:
    """Read the synthesized app in a folder such as ``cdk.out``.

    Raises:
        ContractError: There are no templates, or one cannot be read.
    """
    try:
        region = _region(folder)
        assembly = read_assembly(folder, account=_ACCOUNT, region=region)
        return _contract(assembly, region)
    except (AssemblyError, OSError, ValueError, KeyError, TypeError) as error:
        raise ContractError(str(error)) from error


def _region(folder: Path) -> str:
    """The one region that all stacks are for, if the manifest names it."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return _ANY_REGION
    artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].values()
    regions = {
        artifact["environment"].rpartition("/")[2]
        for artifact in artifacts
        if artifact.get("type") == "aws:cloudformation:stack"
    }
    only = regions.pop() if len(regions) == 1 else "unknown-region"
    return _ANY_REGION if only == "unknown-region" else only


def _contract(assembly: Assembly, region: str) -> Contract:
    resources: dict[str, list[Mapping[str, Any]]] = {}
    alarms: list[Watch] = []
    filters: list[MetricFilter] = []
    logs: list[LogUse] = []
    own_region = None if region == _ANY_REGION else region
    topics = _topics(assembly, region)
    for resource in assembly.resources:
        properties = resource.properties
        resources.setdefault(resource.kind, []).append(properties)
        match resource.kind:
            case "AWS::CloudWatch::Alarm":
                alarms.append(read_alarm(properties, own_region, topics))
            case "AWS::CloudWatch::CompositeAlarm":
                alarms.append(read_composite(properties, topics))
            case "AWS::Logs::MetricFilter":
                filters += read_filter(resource.logical_id, properties)
            case "AWS::Logs::QueryDefinition":
                logs.append(
                    LogUse(
                        f"saved query {properties.get('Name', resource.logical_id)}",
                        tuple(properties.get("LogGroupNames") or ()),
                        str(properties.get("QueryString", "")),
                    )
                )
    by_name = {alarm.name: alarm for alarm in alarms}
    arns = {f"arn:aws:cloudwatch:{region}:{_ACCOUNT}:alarm:{name}": name for name in by_name}
    boards = [str(one.get("DashboardName", "")) for one in resources.get(_DASHBOARD, ())]
    places = Places([name for name in boards if name], by_name.keys())
    widgets = Widgets(by_name, arns, region, places)
    for board in assembly.dashboards:
        widgets.read(board)
    return Contract(
        region=region,
        uses=(*(use for alarm in alarms for use in alarm.uses), *widgets.uses),
        searches=tuple(widgets.searches),
        logs=(*logs, *widgets.logs),
        filters=tuple(filters),
        problems=(
            *((alarm.where, problem) for alarm in alarms for problem in alarm.problems),
            *untold(alarms),
            *_unmoved(assembly, filters),
            *places.misnamed(),
            *widgets.problems,
        ),
        resources={kind: tuple(found) for kind, found in resources.items()},
    )


def _topics(assembly: Assembly, region: str) -> frozenset[str]:
    """What an alarm's action may call the topics of the templates."""
    found: set[str] = set()
    for resource in assembly.resources:
        if resource.kind == "AWS::SNS::Topic":
            name = str(resource.properties.get("TopicName", f"${{{resource.logical_id}}}"))
            found |= {name, f"${{{resource.logical_id}.TopicArn}}"}
            found.add(f"arn:aws:sns:{region}:{_ACCOUNT}:{name}")
    return frozenset(found)


def _unmoved(assembly: Assembly, filters: Sequence[MetricFilter]) -> Iterator[tuple[str, str]]:
    """Alarms that data cannot move: where, and why."""
    for alarm in assembly.alarms.values():
        if isinstance(alarm, Alarm):
            for problem in firing.problems_of(alarm, filters):
                yield f"alarm {alarm.name}", problem
