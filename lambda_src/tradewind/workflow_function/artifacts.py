"""A workflow's artifacts as files of the request's project."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from tradewind.contracts.texts import well_formed
from tradewind.run.project import Project
from tradewind.run.tools import save_file
from tradewind.workflow.engine.artifacts import Written
from tradewind.workflow.engine.errors import ArtifactFailed

#: What a project's files may be called: a folder is no part of it.
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_TEXT: Final = "text/plain; charset=utf-8"


def file_names(paths: Sequence[str]) -> list[str]:
    """The files that artifacts become: ``reports/site.md`` is ``reports-site.md``.

    Raises:
        ArtifactFailed: One can be no file of a project, or is another one's, too.
    """
    names = [path.replace("/", "-") for path in paths]
    for position, name in enumerate(names):
        if not _FILE_NAME.fullmatch(name) or name == "manifest.json":
            raise ArtifactFailed(f"the artifact's path {paths[position]!r} is no file's name here")
        if name in names[:position]:
            raise ArtifactFailed(f"two artifacts would be {name}")
    return names


def save(project: Project, written: Sequence[Written]) -> None:
    """Put artifacts into a project: all of them, or none.

    Raises:
        ArtifactFailed: See ``file_names``.
        StorageError: They could not be written.
    """
    names = file_names([one.path for one in written])
    with project.tool_call():
        for name, one in zip(names, written, strict=True):
            kind = _TYPES.get(PurePosixPath(name).suffix.lower(), _TEXT)
            save_file(project, name, well_formed(one.text).encode(), kind)
