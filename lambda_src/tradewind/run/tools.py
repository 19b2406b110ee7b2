"""What every tool needs: its project, JSON artifacts, and failures that cannot get lost."""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar, cast

from strands import ToolContext

from tradewind.contracts.errors import InternalError, ToolInputError, TradewindError
from tradewind.run.project import Project

#: Where a request's ``invocation_state`` holds its project.
PROJECT: Final = "project"

P = ParamSpec("P")
R = TypeVar("R")


def surfacing_failures(work: Callable[P, R]) -> Callable[P, R]:
    """Let a tool's failures reach whoever runs the agent, not the model alone.

    Strands turns every exception of a tool into an error result that the model reads and may talk
    over. That is right for input the model can change, which is raised as ``ToolInputError``.
    Everything else, such as storage that fails or a defect, becomes the project's ``failure`` too;
    the first one stays.
    """

    @functools.wraps(work)
    def surfaced(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except ToolInputError:
            raise
        except TradewindError as failure:
            _fail(kwargs, failure)
            raise
        except Exception as defect:
            unforeseen = InternalError(f"The tool {work.__name__} failed unexpectedly.")
            _fail(kwargs, unforeseen)
            raise unforeseen from defect

    return surfaced


def _fail(arguments: Mapping[str, Any], failure: TradewindError) -> None:
    project = project_of(arguments["tool_context"])
    if project.failure is None:
        project.failure = failure


def project_of(tool_context: ToolContext) -> Project:
    """Return the project of the request that called the tool."""
    return cast("Project", tool_context.invocation_state[PROJECT])


class Source(NamedTuple):
    """A JSON artifact as it was read.

    Attributes:
        data: Its content.
        name: ``{agent}/{file}``.
        sha256: The hash of its bytes, by which a later reader sees whether it changed.
    """

    data: Any
    name: str
    sha256: str


def load_json(project: Project, agent: str, file_name: str) -> Source:
    """Read a JSON artifact of the project.

    Raises:
        ArtifactNotFound: It does not exist; the message names the agent to run first.
        StorageError: It could not be read.
    """
    body = project.load(agent, file_name)
    return Source(json.loads(body), f"{agent}/{file_name}", hashlib.sha256(body).hexdigest())


def save_json(project: Project, file_name: str, data: Mapping[str, Any]) -> str:
    """Write a JSON artifact and return its key. NaN and infinity, which JSON lacks, are refused.

    Raises:
        StorageError: It could not be written.
    """
    body = json.dumps(data, allow_nan=False, ensure_ascii=False, indent=1)
    return project.save(file_name, body.encode(), "application/json").key


def save_geojson(project: Project, file_name: str, data: Mapping[str, Any]) -> str:
    """Write a GeoJSON artifact, without whitespace, and return its key.

    Raises:
        StorageError: It could not be written.
    """
    body = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return project.save(file_name, body.encode(), "application/geo+json").key


def sources_of(*sources: Source) -> dict[str, str]:
    """Say what an artifact was made from: the name and hash of each source."""
    return {source.name: source.sha256 for source in sources}


def require_made_from(made: Source, source: Source) -> None:
    """Refuse an artifact that was made from an earlier version of its source.

    Raises:
        ToolInputError: It was; the message names the agent to run again.
    """
    if made.data["sources"].get(source.name) != source.sha256:
        raise ToolInputError(
            f"{made.name} was not made from the {source.name} that the project holds now. "
            f"Run the {made.name.partition('/')[0]} agent on this project again."
        )
