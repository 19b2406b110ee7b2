"""What a request has read and left so far, so that a later run of it goes on from there.

The files themselves are where they were written, under keys that nobody overwrites and no manifest
names yet.
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from tradewind.contracts.errors import AgentChanged
from tradewind.run.artifact_manifest import Entry, Snapshot
from tradewind.run.tool_call import Fact


@dataclass(frozen=True)
class ProjectState:
    """What a project holds of a request.

    Attributes:
        files: What its finished tool calls have left, by name, in order.
        facts: The figures they have reported.
        snapshots: By agent, the manifests that it has looked at, and what it looked at in them.
    """

    files: dict[str, Entry]
    facts: dict[str, Fact]
    snapshots: dict[str, Snapshot]

    def dump(self) -> Any:
        """As JSON values."""
        return _STATE.dump_python(self, mode="json")

    @classmethod
    def load(cls, values: Any) -> "ProjectState":
        """Read ``dump``'s values.

        Raises:
            AgentChanged: They are none.
        """
        try:
            return _STATE.validate_python(values)
        except ValidationError:
            raise AgentChanged("What the agent had left before it asked cannot be read.") from None


_STATE: Final = TypeAdapter(ProjectState)
