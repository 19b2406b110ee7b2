"""One request's metrics, as one CloudWatch Embedded Metric Format line on stdout."""

from aws_lambda_powertools.metrics import EphemeralMetrics

from tradewind.telemetry.metric_names import METRICS, NAMESPACE, Dimension, MetricName


class RequestMetrics:
    """Collects a request's metric values and prints them once.

    Each request has its own, so concurrent requests in one process never share values.
    """

    def __init__(self, environment: str, agent: str) -> None:
        # An empty service, or Powertools adds POWERTOOLS_SERVICE_NAME as a third dimension.
        self._metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
        self._metrics.add_dimension(name=Dimension.ENVIRONMENT, value=environment)
        self._metrics.add_dimension(name=Dimension.AGENT, value=agent)

    def add(self, name: MetricName, value: float) -> None:
        """Add one value; a metric may have several in a request."""
        self._metrics.add_metric(name=name, unit=METRICS[name].unit, value=value)

    def annotate(self, **properties: str) -> None:
        """Put searchable properties, such as the request id, beside the metrics."""
        for name, value in properties.items():
            self._metrics.add_metadata(key=name, value=value)

    def flush(self) -> None:
        """Print the line."""
        self._metrics.flush_metrics()
