"""The HTTP API of durable executions, as boto3 calls it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from devtools.localcloud.extension.durable.driver import Driver
from devtools.localcloud.extension.durable.execution import Execution
from devtools.localcloud.extension.durable.refusal import Refused, Response, not_found

_VERSION: Final = "2025-12-01"
_STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED")
_MAX_CALLBACK_BYTES: Final = 262_144
_DEFAULT_ITEMS: Final = 100
_MAX_ITEMS: Final = 1_000

Query = Mapping[str, Sequence[str] | str]
#: Gives a function's name, and the version a qualifier stands for; raises Refused for no function.
Find = Callable[[str, str | None], tuple[str, str | None]]


class Api:
    """Answers requests about executions."""

    def __init__(self, driver: Driver, find: Find) -> None:
        self._driver = driver
        self._find = find

    def route(self, method: str, path: str, body: bytes, query: Query) -> Response | None:
        """Answer a request; None for one that is none of durable executions."""
        request = parse(path)
        if request is None:
            return None
        kind, subject, action = request
        try:
            if method == "GET":
                document = self._read((kind, action), subject, query)
            elif method == "POST":
                document = self._write((kind, action), subject, body)
            else:
                raise _unknown()
        except Refused as refused:
            return refused.response()
        return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()

    def _read(self, request: tuple[str, str], subject: str, query: Query) -> Mapping[str, Any]:
        match request:
            case "execution", "":
                return self._get(subject, query)
            case "execution", "state":
                operations = self._driver.state(subject, _one(query, "CheckpointToken"))
                return _page("Operations", operations, query)
            case "execution", "history":
                return self._history(subject, query)
            case "function", "":
                return self._list(subject, query)
        raise _unknown()

    def _write(self, request: tuple[str, str], subject: str, body: bytes) -> Mapping[str, Any]:
        match request:
            case "execution", "checkpoint":
                return self._checkpoint(subject, _document(body))
            case "execution", "stop":
                stopped = self._driver.stop(subject, _error(_document(body)) or None)
                return {"StopTimestamp": stopped.ended}
            case "callback", "succeed":
                self._driver.end_callback(subject, result=_text(body))
            case "callback", "fail":
                self._driver.end_callback(subject, error=_error(_document(body)))
            case "callback", "heartbeat":
                self._driver.heartbeat(subject)
            case _:
                raise _unknown()
        return {}

    def _checkpoint(self, arn: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        token, updates = document.get("CheckpointToken"), document.get("Updates") or []
        if not isinstance(token, str) or not token:
            raise Refused("CheckpointToken is required")
        if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
            raise Refused("Updates is a list of objects")
        return self._driver.checkpoint(arn, token, updates, document.get("ClientToken"))

    def _get(self, arn: str, query: Query) -> Mapping[str, Any]:
        execution = self._driver.executions.find(arn)
        with_data = _one(query, "IncludeExecutionData").lower() != "false"
        return _present(self._driver.look(execution, lambda each: _details(each, with_data)))

    def _history(self, arn: str, query: Query) -> Mapping[str, Any]:
        execution = self._driver.executions.find(arn)
        with_data = _one(query, "IncludeExecutionData").lower() == "true"
        newest_first = _one(query, "ReverseOrder").lower() == "true"

        def read(each: Execution) -> Any:
            return each.history.read(with_data=with_data, newest_first=newest_first)

        return _page("Events", self._driver.look(execution, read), query)

    def _list(self, function: str, query: Query) -> Mapping[str, Any]:
        name, version = self._find(function, _one(query, "Qualifier") or None)
        statuses = _all(query, "Statuses")
        unknown = [status for status in statuses if status not in _STATUSES]
        if unknown:
            raise Refused(f"Statuses: there is no status {unknown[0]}")
        wanted = _one(query, "DurableExecutionName")
        after, before = _moment(query, "StartedAfter"), _moment(query, "StartedBefore")
        found = [
            execution
            for execution in self._driver.executions.of_function(name)
            if (version is None or execution.target.version == version)
            and (not statuses or execution.status in statuses)
            and (not wanted or execution.name == wanted)
            and (after is None or execution.started > after)
            and (before is None or execution.started < before)
        ]
        # The newest first, unless told otherwise.
        if _one(query, "ReverseOrder").lower() != "true":
            found.reverse()
        return _page("DurableExecutions", [_present(_summary(one)) for one in found], query)


def parse(path: str) -> tuple[str, str, str] | None:
    """What a path is about: execution, callback or function; which; and what is asked of it."""
    parts = unquote(path).strip("/").split("/")
    if parts[0] != _VERSION:
        return None
    match parts[1:]:
        case ["functions", function, "durable-executions"]:
            return "function", function, ""
        case ["durable-execution-callbacks", callback_id, action]:
            return "callback", callback_id, action
        case ["durable-executions", *rest]:
            # An execution's ARN has slashes of its own.
            return "execution", "/".join(rest[:4]), "/".join(rest[4:])
    return None


def _unknown() -> Refused:
    return not_found("There is no such operation here")


def _summary(execution: Execution) -> dict[str, Any]:
    return {
        "DurableExecutionArn": execution.arn,
        "DurableExecutionName": execution.name,
        "FunctionArn": f"{execution.target.arn}:{execution.target.version}",
        "StartTimestamp": execution.started,
        "EndTimestamp": execution.ended,
        "Status": execution.status,
    }


def _details(execution: Execution, with_data: bool) -> dict[str, Any]:
    answer = {
        **_summary(execution),
        "Version": execution.target.version,
        "DurableConfig": dict(execution.config),
        "ExecutionDataIncluded": with_data,
        "ExpectedExecutionTimeoutTimestamp": execution.started + execution.timeout_s,
    }
    if execution.trace:
        answer["TraceHeader"] = {"XAmznTraceId": execution.trace}
    if with_data:
        answer["InputPayload"] = execution.payload
        answer["Result"] = execution.result
        answer["Error"] = dict(execution.error) if execution.error else None
    return answer


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _page(name: str, items: Sequence[Any], query: Query) -> dict[str, Any]:
    size = _whole(_one(query, "MaxItems"), "MaxItems", _MAX_ITEMS) or _DEFAULT_ITEMS
    start = _whole(_one(query, "Marker"), "Marker", len(items))
    page: dict[str, Any] = {name: items[start : start + size]}
    if start + size < len(items):
        page["NextMarker"] = str(start + size)
    return page


def _whole(text: str, name: str, limit: int) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > limit:
        raise Refused(f"Invalid {name}")
    return int(text)


def _all(query: Query, name: str) -> list[str]:
    values = query.get(name, ())
    return [values] if isinstance(values, str) else [*values]


def _one(query: Query, name: str) -> str:
    return next(iter(_all(query, name)), "")


def _moment(query: Query, name: str) -> float | None:
    text = _one(query, name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused(f"Invalid {name}") from None


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused("The request's body is no JSON object")
    return document


def _error(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("ErrorType", "ErrorMessage", "ErrorData", "StackTrace")
    error = {name: document[name] for name in names if document.get(name)}
    if len(json.dumps(error)) > _MAX_CALLBACK_BYTES:
        raise Refused(f"Error must be at most {_MAX_CALLBACK_BYTES} bytes.")
    return error


def _text(body: bytes) -> str:
    if len(body) > _MAX_CALLBACK_BYTES:
        raise Refused(f"Result must be at most {_MAX_CALLBACK_BYTES} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Refused("Result is no UTF-8 text") from None
