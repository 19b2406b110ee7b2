"""Logs and metrics. ``metric_names`` is standard library only: the CDK app imports it too."""
