"""The metrics that Lambda publishes of an invocation, in each of the dimensions they have.

Source: "Types of metrics for Lambda functions" in the Lambda guide.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch, lambda_svc


def install() -> None:
    """Replace MiniStack's metrics, which count an asynchronous call before it has run."""
    acquire = lambda_svc._acquire_execution_slot

    def count_throttles(function: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
        # The limit is the function's, and MiniStack looks for it at the version that is called.
        whole = lambda_svc._functions.get(config["FunctionName"], function)
        slot, limit = acquire(whole, config)
        if slot is None:
            count("Throttles", config)
        return slot, limit

    def emit_nothing(*_: object, **__: object) -> None:
        pass

    lambda_svc._acquire_execution_slot = count_throttles
    lambda_svc._emit_lambda_metrics = emit_nothing


def count(metric: str, config: Mapping[str, Any], value: float = 1, unit: str = "Count") -> None:
    """Publish a metric of one invocation.

    ``Resource`` is the version or alias that was called, ``ExecutedVersion`` the version that an
    alias stood for.

    Args:
        metric: Its name.
        config: Of the version that ran, with the ARN that was called.
        value: What was counted or measured.
        unit: Of CloudWatch.
    """
    name, _, qualifier = config["FunctionArn"].partition(":function:")[2].partition(":")
    version = config.get("Version", "$LATEST")
    publish(metric, value, unit, FunctionName=name)
    resource = f"{name}:{qualifier}" if qualifier else name
    publish(metric, value, unit, FunctionName=name, Resource=resource)
    if qualifier and qualifier not in ("$LATEST", version):
        publish(metric, value, unit, FunctionName=name, Resource=resource, ExecutedVersion=version)


def publish(metric: str, value: float, unit: str, **dimensions: str) -> None:
    """Publish a value of a metric."""
    cloudwatch.record_metric("AWS/Lambda", metric, value, unit, dimensions)
