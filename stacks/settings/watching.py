"""What is kept of what an environment tells about itself, as its file says it."""

from typing import Annotated

from pydantic import Field

from tradewind.contracts.validation import Frozen


class WatchingSettings(Frozen):
    """What becomes custom metrics, which are billed by the hour in which they have data.

    Attributes:
        detailed_metrics: Whether what else stays in the log alone, where dashboards read it,
            becomes custom metrics, too.
    """

    detailed_metrics: Annotated[bool, Field(description="true or false")] = False
