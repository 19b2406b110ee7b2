"""What a project shows its readers, and files put into it as an agent's request would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tradewind.contracts.names import artifact_key
from tradewind.run.artifact_manifest import MANIFEST, Entry, read_manifest
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.project import Project

PROJECT = "moorkoog"


@dataclass(frozen=True)
class ProjectContent:
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

    def leave_again(self, bodies: Mapping[str, bytes], *, read: tuple[str, ...] = ()) -> None:
        """As ``leave``, all that a tool call left together before, with ``bodies`` in it.

        It is made from what its inputs are now, and from ``read``.
        """
        agent, _, file_name = next(iter(bodies)).partition("/")
        entries = self.entries(agent)
        first = entries[file_name]
        together = {
            f"{agent}/{name}": self[f"{agent}/{name}"]
            for name, entry in entries.items()
            if (entry.attempt, entry.call) == (first.attempt, first.call)
        }
        others = tuple(one for one in first.made_from if one.partition("/")[0] != agent)
        self.leave(together | dict(bodies), read=(*others, *read))

    def remove(self, name: str) -> None:
        """Take a file out of its manifest, as if nobody had ever left it."""
        agent, _, file_name = name.partition("/")
        key = artifact_key(self.project_id, agent, MANIFEST)
        document = json.loads(self.store.get(key))
        del document["artifacts"][file_name]
        self.store.put(key, json.dumps(document).encode(), "application/json")

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
