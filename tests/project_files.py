"""What a project shows its readers, and files put into it as an agent's request would."""

from collections.abc import Mapping
from typing import NamedTuple

from tradewind.run.artifact_manifest import Entry, read_manifest
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.project import Project

PROJECT = "moorkoog"


class ProjectContent(NamedTuple):
    """A project as its readers see it; names are ``{agent}/{file}``.

    Attributes:
        store: Where it lives.
        project_id: Which one.
    """

    store: ArtifactStore
    project_id: str = PROJECT

    def entries(self, agent: str) -> Mapping[str, Entry]:
        """An agent's visible files."""
        return read_manifest(self.store, self.project_id, agent).entries

    def __contains__(self, name: str) -> bool:
        agent, _, file_name = name.partition("/")
        return file_name in self.entries(agent)

    def __getitem__(self, name: str) -> bytes:
        agent, _, file_name = name.partition("/")
        return self.store.get(self.entries(agent)[file_name].key)

    def leave(
        self, bodies: Mapping[str, bytes], *, read: tuple[str, ...] = (), request_id: str = "other"
    ) -> None:
        """Leave files of one agent, as one tool call of a request of its own that read ``read``."""
        agent = next(iter(bodies)).partition("/")[0]
        others = tuple({name.partition("/")[0] for name in read} - {agent})
        project = Project(self.project_id, agent, {}, self.store, others, request_id=request_id)
        with project.tool_call():
            for name in read:
                project.load(*name.split("/"))
            for name, body in bodies.items():
                project.save(name.partition("/")[2], body, "application/octet-stream")
        project.commit()
