"""The metrics that CloudWatch Logs makes of log events: by metric filters, and out of EMF lines.

MiniStack keeps metric filters and never looks at an event with them. Here they are checked when
they are put, and events when they are written: what comes of them is in CloudWatch at once.
"""

import logging
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs

from devtools.cloudwatch.emf import UNITS, EmfError, read
from devtools.cloudwatch.filter_pattern import (
    FilterPatternError,
    compile_pattern,
    matches,
    selectors_in,
    text,
    value,
)
from devtools.localcloud.extension.metric_store import publish

Response = tuple[int, dict[str, str], bytes]

logger = logging.getLogger("devtools.localcloud.log_metrics")

#: Names of metrics and of filters.
_NAME: Final = re.compile(r"[^:*$]{1,255}")
_FILTER_NAME: Final = re.compile(r"[^:*]{1,512}")
_MOST_FILTERS: Final = 100
_MOST_DIMENSIONS: Final = 3
_OK: Final = 200


def install() -> None:
    """Make MiniStack's CloudWatch Logs publish metrics."""
    put_events = cloudwatch_logs._put_log_events
    put_filter = cloudwatch_logs._put_metric_filter
    filter_events = cloudwatch_logs._filter_log_events

    def put_events_and_publish(request: Mapping[str, Any]) -> Response:
        answer: Response = put_events(request)
        if answer[0] == _OK:
            for event in request.get("logEvents", []):
                _look(request["logGroupName"], event)
        return answer

    def put_checked_filter(request: Mapping[str, Any]) -> Response:
        try:
            _check(request)
        except FilterPatternError as problem:
            return _refusal("InvalidParameterException", str(problem))
        group, name = request.get("logGroupName"), request.get("filterName")
        there = [key[1] for key in cloudwatch_logs._metric_filters if key[0] == group]
        if name not in there and len(there) >= _MOST_FILTERS:
            return _refusal("LimitExceededException", "Resource limit exceeded.")
        answer: Response = put_filter(request)
        return answer

    def filter_by_checked_pattern(request: Mapping[str, Any]) -> Response:
        try:
            compile_pattern(request.get("filterPattern", ""))
        except FilterPatternError as problem:
            return _refusal("InvalidParameterException", str(problem))
        answer: Response = filter_events(request)
        return answer

    cloudwatch_logs._filter_log_events = filter_by_checked_pattern
    # MiniStack's finds every event by a pattern for JSON.
    cloudwatch_logs._compile_filter_pattern = compile_pattern
    cloudwatch_logs._put_log_events = put_events_and_publish
    cloudwatch_logs._put_metric_filter = put_checked_filter


def _refusal(code: str, message: str) -> Response:
    answer: Response = error_response_json(code, message, 400)
    return answer


def _check(request: Mapping[str, Any]) -> None:
    """What PutMetricFilter requires.

    Raises:
        FilterPatternError: The request breaks it.
    """
    if not _FILTER_NAME.fullmatch(request.get("filterName") or ""):
        raise FilterPatternError("filterName has 1 to 512 characters, and no : or *")
    pattern = request.get("filterPattern", "")
    compile_pattern(pattern)
    transformations = request.get("metricTransformations") or []
    if len(transformations) != 1:
        raise FilterPatternError("a filter has one metric transformation")
    (transformation,) = transformations
    namespace = transformation.get("metricNamespace") or ""
    for name in (namespace, transformation.get("metricName") or ""):
        if not _NAME.fullmatch(name):
            raise FilterPatternError(f"{name!r}: a name has 1 to 255 characters, and no : * or $")
    if namespace.startswith("AWS/"):
        raise FilterPatternError("the namespaces AWS/ are AWS's own")
    if transformation.get("unit", "None") not in UNITS:
        raise FilterPatternError(f"{transformation['unit']} is none of CloudWatch's units")
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        raise FilterPatternError("a metric with dimensions has no default value")
    if len(dimensions) > _MOST_DIMENSIONS:
        raise FilterPatternError(f"a metric has at most {_MOST_DIMENSIONS} dimensions")
    selectors = selectors_in(pattern)
    given = transformation.get("metricValue") or ""
    value(given, "{}")
    for selector in [given, *dimensions.values()]:
        if selector.startswith("$") and selector not in selectors:
            raise FilterPatternError(f"{selector} is not in the pattern")
    for selector in dimensions.values():
        text(selector, "{}")


def _look(group: str, event: Mapping[str, Any]) -> None:
    """Publish what an event is worth."""
    message, now = event.get("message", ""), time.time()
    at = event["timestamp"] / 1000 if "timestamp" in event else now
    for metric_filter in list(cloudwatch_logs._metric_filters.values()):
        if metric_filter["logGroupName"] == group:
            _apply(metric_filter, message, at)
    try:
        data = read(message, at)
    except EmfError as problem:
        logger.warning("no metrics of a line in %s: %s", group, problem)
        publish(
            "AWS/Logs",
            "EMFValidationErrors",
            {1: 1},
            "Count",
            dimensions={"LogGroupName": group},
            at=at,
        )
        return
    for datum in data:
        publish(
            datum.namespace,
            datum.name,
            Counter(datum.sample.values),
            datum.unit,
            dimensions=dict(datum.dimensions),
            at=datum.sample.time,
        )


def _apply(metric_filter: Mapping[str, Any], message: str, at: float) -> None:
    (transformation,) = metric_filter["metricTransformations"]
    matched = matches(metric_filter["filterPattern"], message)
    found = (
        value(transformation["metricValue"], message)
        if matched
        else transformation.get("defaultValue")
    )
    if found is None:
        return
    dimensions = {
        name: text(selector, message)
        for name, selector in (transformation.get("dimensions") or {}).items()
    }
    if None in dimensions.values():
        return
    publish(
        transformation["metricNamespace"],
        transformation["metricName"],
        {float(found): 1},
        transformation.get("unit", "None"),
        dimensions={name: str(known) for name, known in dimensions.items()},
        at=at,
    )
