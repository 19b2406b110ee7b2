"""A dashboard of rows of widgets."""

from typing import Final

from aws_cdk import Aws, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.parts.widgets import Rows, Widget

_COLUMNS: Final = 24


class Dashboard(Construct):
    """A dashboard that looks back three hours.

    Its body is written as JSON: each of the CDK's metrics and widgets costs a round trip to Node.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, rows: Rows) -> None:
        super().__init__(scope, construct_id)
        body = {"start": "-PT3H", "widgets": place(rows, Aws.REGION)}
        cloudwatch.CfnDashboard(
            self,
            "Resource",
            dashboard_name=name,
            dashboard_body=Stack.of(self).to_json_string(body),
        )


def place(rows: Rows, region: str) -> list[Widget]:
    """Give each widget its place on the grid, and the region whose data it shows."""
    placed = []
    y = 0
    for row in rows:
        x = 0
        for widget in row:
            shows_data = widget["type"] in ("metric", "log")
            properties = {**widget["properties"], **({"region": region} if shows_data else {})}
            width = widget.get("width", _COLUMNS // len(row))
            placed.append({**widget, "x": x, "y": y, "width": width, "properties": properties})
            x += width
        y += max(widget["height"] for widget in row)
    return placed
