"""The metrics that Lambda publishes of an invocation, in each of the dimensions they have.

They are published when the invocation has ended, with the time when it began.

Source: "Types of metrics for Lambda functions" and "View metrics for Lambda functions" in the
Lambda guide.
"""

import time
from collections.abc import Mapping
from typing import Any

from ministack.services import lambda_svc

from devtools.localcloud.extension import metric_store


def install() -> None:
    """Replace MiniStack's metrics, which count an asynchronous call before it has run."""
    acquire = lambda_svc._acquire_execution_slot

    def count_throttles(function: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
        # The limit is the function's, and MiniStack looks for it at the version that is called.
        whole = lambda_svc._functions.get(config["FunctionName"], function)
        slot, limit = acquire(whole, config)
        if slot is None:
            count("Throttles", config, time.time())
        return slot, limit

    def emit_nothing(*_: object, **__: object) -> None:
        pass

    lambda_svc._acquire_execution_slot = count_throttles
    lambda_svc._emit_lambda_metrics = emit_nothing


def count(
    metric: str, config: Mapping[str, Any], began: float, value: float = 1, unit: str = "Count"
) -> None:
    """Publish a metric of one invocation.

    ``Resource`` is the version or alias that was called, ``ExecutedVersion`` the version that an
    alias stood for.

    Args:
        metric: Its name.
        config: Of the version that ran, with the ARN that was called.
        began: When the invocation began, in seconds since the epoch.
        value: What was counted or measured.
        unit: Of CloudWatch.
    """
    name, _, qualifier = config["FunctionArn"].partition(":function:")[2].partition(":")
    version = config.get("Version", "$LATEST")
    publish(metric, value, unit, began, FunctionName=name)
    resource = f"{name}:{qualifier}" if qualifier else name
    publish(metric, value, unit, began, FunctionName=name, Resource=resource)
    if qualifier and qualifier not in ("$LATEST", version):
        whole = {"FunctionName": name, "Resource": resource, "ExecutedVersion": version}
        publish(metric, value, unit, began, **whole)


def publish(metric: str, value: float, unit: str, at: float, **dimensions: str) -> None:
    """Publish a value of a metric, with a time stamp in seconds since the epoch."""
    metric_store.publish(
        "AWS/Lambda", metric, {float(value): 1}, unit, dimensions=dimensions, at=at
    )
