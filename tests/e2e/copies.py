"""Copies of the project, for what must leave the project itself alone."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from cli.cdk import PROJECT

#: What a copy that deploys takes from the project as it is: environments, and bundles built before.
SHARED: Final = (
    *(".venv", ".venv-localcloud", "node_modules"),
    *(".build/lambda-runtime", ".build/bundles"),
)


def copy_project(folder: Path, shared: Iterable[str] = SHARED) -> None:
    """Copy to ``folder`` what git knows of, as it is in the working tree, and link ``shared``."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    (PROJECT / ".build" / "bundles").mkdir(parents=True, exist_ok=True)
    for name in shared:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(PROJECT / name)


def copy_with_own_bundles(folder: Path) -> None:
    """Copy the project as ``copy_project`` does, with bundles that it may replace.

    Of each bundle only the last few are kept: a copy with other agents would have the project lose
    its own, which another test may be reading.
    """
    bundles = Path(".build") / "bundles"
    copy_project(folder, [name for name in SHARED if name != str(bundles)])
    (folder / bundles).mkdir(parents=True)
    for archive in (PROJECT / bundles).glob("*.zip"):
        # The manifest, by which a bundle is there, goes last here and first where one is removed.
        for name in (archive.name, archive.with_suffix(".json").name):
            with contextlib.suppress(FileNotFoundError):
                _link(PROJECT / bundles / name, folder / bundles / name)


def copy_assembly(assembly: Path, folder: Path) -> None:
    """Copy a synthesized app, whose bundles are hundreds of megabytes, to ``folder``.

    Nothing writes into a bundle once it is made, so these are the same files where that can be.
    """

    def copy(source: str, target: str) -> None:
        if fnmatch(Path(source).name, "asset.*.zip"):
            _link(Path(source), Path(target))
        else:
            shutil.copy2(source, target)

    shutil.copytree(assembly, folder, symlinks=True, copy_function=copy)


def _link(source: Path, target: Path) -> None:
    """Have the same file there, or a copy where another file system has no links to this one.

    Raises:
        FileNotFoundError: It is gone.
    """
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)
