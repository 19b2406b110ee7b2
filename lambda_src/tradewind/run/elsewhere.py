"""What a run's answer has of work that was done elsewhere, by another process than this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradewind.contracts.response import Artifact, Usage
from tradewind.run.tool_call import Fact


@dataclass(frozen=True)
class Elsewhere:
    """What came of it.

    Attributes:
        usage: What it has used, as it says.
        artifacts: The files it has left in this project.
        facts: The figures it has reported.
        counted_there: Whether its own process's metrics have the cost, and these are not to.
    """

    usage: Usage = field(default_factory=Usage)
    artifacts: Sequence[Artifact] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    counted_there: bool = False
