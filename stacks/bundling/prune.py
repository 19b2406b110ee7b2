"""Take out of an installed tree what the functions never touch."""

import csv
import re
import shutil
from collections.abc import Container
from pathlib import Path

from stacks.bundling import rules


def prune(tree: Path, never_imported: Container[str], metadata_read: Container[str]) -> None:
    """Remove never-imported distributions, metadata nobody reads, tests, stubs and sources of C.

    A distribution that is named may be missing: one release needs it, the next may not.
    """
    for metadata in sorted(tree.glob("*.dist-info")):
        name = distribution_name(metadata)
        if name in never_imported:
            _remove_distribution(tree, metadata)
        elif name in metadata_read:
            _keep_only(metadata, {"METADATA", "entry_points.txt"})
        else:
            shutil.rmtree(metadata)
    # uv's own lock on the target folder.
    (tree / ".lock").unlink(missing_ok=True)
    for folder in sorted(tree.rglob("*")):
        if folder.is_dir() and _is_unused_folder(folder, tree):
            shutil.rmtree(folder)
    for file in tree.rglob("*"):
        if file.suffix in rules.UNUSED_SUFFIXES:
            file.unlink()
    _remove_empty_folders(tree)


def distribution_name(metadata: Path) -> str:
    """The normalized name of the distribution whose ``.dist-info`` folder this is."""
    return re.sub(r"[-_.]+", "-", metadata.name.split("-")[0]).lower()


def _remove_distribution(tree: Path, metadata: Path) -> None:
    with (metadata / "RECORD").open(encoding="utf-8", newline="") as lines:
        files = [row[0] for row in csv.reader(lines) if row]
    for file in files:
        (tree / file).unlink(missing_ok=True)
    shutil.rmtree(metadata)


def _keep_only(folder: Path, names: Container[str]) -> None:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in names:
            entry.unlink()


def _is_unused_folder(folder: Path, tree: Path) -> bool:
    return folder.name in rules.UNUSED_FOLDERS or (
        folder.parent == tree and folder.name.endswith("-stubs")
    )


def _remove_empty_folders(tree: Path) -> None:
    for folder in sorted(tree.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
