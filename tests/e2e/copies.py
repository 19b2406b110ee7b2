"""Copies of the project, for what must leave the project itself alone."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cli.cdk import PROJECT

#: What a copy of the project does without.
_LEFT_OUT: Final = (
    *(".git", ".venv*", ".tools", ".build", ".localcloud", ".*_cache", ".hypothesis", ".coverage*"),
    *("node_modules", "cdk.out", "out", "out.previous", "__pycache__"),
)


def copy_project(folder: Path, shared: Iterable[str]) -> None:
    """Copy the project's own files to ``folder``, and link what it shares with the project."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    for name in shared:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(PROJECT / name)
