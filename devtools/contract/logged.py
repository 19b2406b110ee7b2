"""What is in the logs: the fields of their lines, and what the lines say they are."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from devtools.contract.uses import Contract
from devtools.dashboard.insights import LogEvent
from devtools.yaml_files import load_yaml

#: What Lambda itself writes into a function's log.
LAMBDA_LINES: Final = Path(__file__).parent / "lambda_lines.yaml"
#: Fields of every event, whatever its message.
SYSTEM_FIELDS: Final = frozenset(
    {"@timestamp", "@message", "@ingestionTime", "@logStream", "@log", "@ptr"}
)
#: The fields that say what a line is, or how an invocation ended. Of those, each value that is
#: looked for must have been seen; of others, a value may be any request's.
TELLING: Final = ("message", "type", "record.status", "record.errorType")


@dataclass(frozen=True, slots=True)
class Logged:
    """Lines of logs.

    Attributes:
        lines: The lines.
        fields: The fields that queries see in them.
        said: The values of the fields in ``TELLING``.
    """

    lines: tuple[str, ...]
    fields: frozenset[str]
    said: Mapping[str, frozenset[str]]


def logged_in(lines: Iterable[str], lists: Collection[str] = ()) -> Logged:
    """What queries and filters find in these log lines, and in those that Lambda adds.

    Args:
        lines: The lines.
        lists: Fields that are one value, or a list where there are several. Where either was
            seen, the other one may come.
    """
    every = (*lines, *_lambda_lines())
    fields = set(SYSTEM_FIELDS)
    said: dict[str, set[str]] = {name: set() for name in TELLING}
    for line in every:
        found = LogEvent(time=0, group="", stream="", message=line).fields()
        fields |= found.keys()
        for name in TELLING:
            if isinstance(value := found.get(name), str):
                said[name].add(value)
    fields |= {name for name in lists if f"{name}.0" in fields}
    fields |= {f"{name}.0" for name in lists if name in fields}
    return Logged(
        every, frozenset(fields), {name: frozenset(values) for name, values in said.items()}
    )


@cache
def _lambda_lines() -> tuple[str, ...]:
    return tuple(json.dumps(line) for line in load_yaml(LAMBDA_LINES)["lines"])


def access_log_fields(contract: Contract, group: str) -> frozenset[str]:
    """The fields of an API's access log, which its stage says; empty for any other log group."""
    fields: set[str] = set()
    for stage in contract.resources.get("AWS::ApiGateway::Stage", ()):
        setting = stage.get("AccessLogSetting") or {}
        if str(setting.get("DestinationArn", "")).rpartition(":log-group:")[2] == group:
            fields |= LogEvent(0, group, "", str(setting.get("Format", ""))).fields().keys()
    return frozenset(fields)
