"""What every tool needs, whichever framework calls it: JSON artifacts, and failures that count."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tradewind.contracts.errors import InternalError, ToolInputError, TradewindError
from tradewind.run.project import Project
from tradewind.telemetry.defects import log_defect


def note_tool_failure(project: Project, tool_name: str, error: Exception) -> TradewindError:
    """Let a tool's failure reach whoever runs the agent, not the model alone.

    A framework may turn every exception of a tool into a result that the model reads and talks
    over. That is right for input the model can change, which is raised as ``ToolInputError``.
    Everything else, such as storage that fails or a defect, becomes the project's ``failure``; the
    first one stays.

    Returns:
        The error to show to the model, or to raise in place of ``error``.
    """
    if isinstance(error, ToolInputError):
        return error
    if isinstance(error, TradewindError) and not isinstance(error, InternalError):
        failure = error
    else:  # a defect, whoever has found it
        log_defect(f"The tool {tool_name} failed unexpectedly", error)
        failure = InternalError(f"The tool {tool_name} failed unexpectedly.")
    project.fail(failure)
    return failure


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
    name = f"{agent}/{file_name}"
    return Source(json.loads(body), name, project.inputs[name])


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


def require_made_from(artifact: Source, source: Source) -> None:
    """Refuse an artifact that was made from an earlier version of its source.

    Raises:
        ToolInputError: It was; the message names the agent to run again.
    """
    if artifact.data["sources"].get(source.name) != source.sha256:
        raise ToolInputError(
            f"{artifact.name} was not made from the {source.name} that the project holds now. "
            f"Run the {artifact.name.partition('/')[0]} agent on this project again."
        )
