"""What a durable run is started with and what it leaves, as JSON; known to whoever starts it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tradewind.workflow.engine.artifacts import Written
from tradewind.workflow.engine.errors import InvalidRun
from tradewind.workflow.engine.state import Spent

#: Bytes of what a run leaves. The service takes a mebibyte from an execution that nobody waits for,
#: as all runs are started.
MOST_RESULT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Start:
    """What a run is started with.

    Attributes:
        workflow: The file, as its path in the folder of workflows says it.
        sha256: Of what was read when it was started: the file, and those it refers to.
        run_id: The run's.
        variables: The inputs that were given.
        project_id: The project that agents asked by name work on; without one, that of the input
            of this name, or else the run's own.
        max_dollars: A limit besides the file's.
    """

    workflow: str
    sha256: str
    run_id: str
    variables: dict[str, Any] = field(default_factory=dict)
    project_id: str | None = None
    max_dollars: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values of JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> "Start":
        """The start that ``to_json`` gave.

        Raises:
            InvalidRun: It is none.
        """
        told = "the run was started with something that is no start of a run"
        try:
            start = cls(**data)
        except TypeError:
            raise InvalidRun(told) from None
        texts = (start.workflow, start.sha256, start.run_id)
        if (
            not all(isinstance(one, str) and one for one in texts)
            or not isinstance(start.variables, dict)
            or not isinstance(start.project_id, str | None)
            or not isinstance(start.max_dollars, int | float | None)
        ):
            raise InvalidRun(told)
        return start


@dataclass(frozen=True, slots=True)
class Left:
    """What a run leaves that is done."""

    text: str
    artifacts: list[Written]
    spent: Spent

    def to_json(self) -> dict[str, Any]:
        """As plain values of JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Left":
        """What ``to_json`` gave.

        Raises:
            KeyError, TypeError: It is none.
        """
        return cls(
            data["text"], [Written(**one) for one in data["artifacts"]], Spent(**data["spent"])
        )
