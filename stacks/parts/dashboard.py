"""A dashboard of rows of widgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Aws, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.parts.widgets import Rows, Widget

_COLUMNS: Final = 24


@dataclass(frozen=True)
class Choice:
    """What a reader chooses at the top of a dashboard, which is about that one then.

    Attributes:
        label: What is chosen.
        pattern: Stands in the widgets for what is chosen, and for nothing else.
        values: What there is to choose from; the first one is shown first.
    """

    label: str
    pattern: str
    values: Sequence[str]

    @property
    def variable(self) -> dict[str, Any]:
        """As a dashboard's body has it."""
        return {
            "type": "pattern",
            "pattern": self.pattern,
            "inputType": "select",
            "id": self.label,
            "label": self.label.capitalize(),
            "defaultValue": self.values[0],
            "visible": True,
            "values": [{"value": value, "label": value} for value in self.values],
        }


class Dashboard(Construct):
    """A dashboard that looks back three hours.

    Its body is written as JSON: each of the CDK's metrics and widgets costs a round trip to Node.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        rows: Rows,
        choice: Choice | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        body: dict[str, Any] = {"start": "-PT3H", "widgets": place(rows, Aws.REGION)}
        if choice is not None:
            body["variables"] = [choice.variable]
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
        for number, widget in enumerate(row, 1):
            shows_data = widget["type"] in ("metric", "log")
            properties = {**widget["properties"], **({"region": region} if shows_data else {})}
            # The last ones have what cannot be shared alike.
            width = widget.get(
                "width", number * _COLUMNS // len(row) - (number - 1) * _COLUMNS // len(row)
            )
            placed.append({**widget, "x": x, "y": y, "width": width, "properties": properties})
            x += width
        y += max(widget["height"] for widget in row)
    return placed
