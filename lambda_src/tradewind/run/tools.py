"""What every tool needs, whichever framework calls it: JSON artifacts, and failures that count."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tradewind.contracts.errors import InternalError, ToolInputError, TradewindError
from tradewind.run.artifact_manifest import ProjectFile
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
        file: Which file it was.
    """

    data: Any
    file: ProjectFile

    @property
    def name(self) -> str:
        """``{agent}/{file}``."""
        return self.file.name

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return self.file.entry.sha256


def load_json(project: Project, agent: str, file_name: str) -> Source:
    """Read a JSON artifact of the project.

    Raises:
        ArtifactNotFound: It does not exist; the message names the agent to run first.
        StorageError: It could not be read.
    """
    file, body = project.read(agent, file_name)
    return Source(json.loads(body), file)


def save_file(project: Project, file_name: str, body: bytes, content_type: str) -> str:
    """Write an artifact and return the name that a model is told: ``{agent}/{file}``.

    Raises:
        StorageError: It could not be written.
    """
    project.save(file_name, body, content_type)
    return f"{project.agent}/{file_name}"


def save_json(project: Project, file_name: str, data: Mapping[str, Any]) -> str:
    """Write a JSON artifact, as ``save_file``. NaN and infinity, which JSON lacks, are refused.

    Raises:
        StorageError: It could not be written.
    """
    body = json.dumps(data, allow_nan=False, ensure_ascii=False, indent=1)
    return save_file(project, file_name, body.encode(), "application/json")


def save_geojson(project: Project, file_name: str, data: Mapping[str, Any]) -> str:
    """Write a GeoJSON artifact, without whitespace, as ``save_file``.

    Raises:
        StorageError: It could not be written.
    """
    body = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return save_file(project, file_name, body.encode(), "application/geo+json")


def sources_of(*sources: Source) -> dict[str, str]:
    """Say what an artifact was made from: the name and hash of each source."""
    return {source.name: source.sha256 for source in sources}


def require_together(*files: ProjectFile) -> None:
    """Refuse artifacts of one agent that were not left together, by one tool call.

    Raises:
        ToolInputError: They were not; the message names the agent to run again.
    """
    first = files[0]
    for file in files[1:]:
        if (file.entry.attempt, file.entry.call) != (first.entry.attempt, first.entry.call):
            raise ToolInputError(
                f"{first.name} and {file.name} are of different runs. {_run_again(first)}"
            )


def require_made_from(file: ProjectFile, *sources: ProjectFile) -> None:
    """Refuse an artifact that was not made from these very sources.

    Raises:
        ToolInputError: It was not; the message names the agent to run again.
    """
    for source in sources:
        if file.entry.made_from.get(source.name) != source.entry.sha256:
            raise ToolInputError(
                f"{file.name} was not made from the {source.name} that the project holds now. "
                f"{_run_again(file)}"
            )


def require_current(project: Project, file: ProjectFile) -> None:
    """Refuse an artifact if other agents have replaced anything it was made from.

    Raises:
        ToolInputError: They have; the message names the agent to run again.
        ArtifactNotFound: What it was made from is gone.
        StorageError: It could not be found out.
    """
    for name in file.entry.made_from:
        agent, _, file_name = name.partition("/")
        if agent != file.agent:
            require_made_from(file, project.require(agent, file_name))


def _run_again(file: ProjectFile) -> str:
    return f"Run the {file.agent} agent on this project again."
