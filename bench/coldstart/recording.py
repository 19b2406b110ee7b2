"""The modules that a function imports from its start to its first answer.

Runs the sources of this checkout and the installed libraries, of which it sees what is in the
bundle and nothing else: extracting every bundle would take far longer than to start it.
"""

import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from bench.coldstart.ours import ROOT, Bundled
from bench.coldstart.start import Startable, launched
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from stacks.bundling import lazy_packages
from stacks.bundling.workflow_files import DEFAULT_FOLDER
from tradewind.contracts.names import WORKFLOWS_FOLDER

RECORDER: Final = Path(__file__).parent / "recorder.py"
_SOURCES: Final = ROOT / "lambda_src"


def imports_of(function: Bundled, endpoints: Mapping[str, str]) -> dict[str, str]:
    """Each module that is imported, with the one that asked for it first.

    Of the standard library the public ones: the others differ from patch to patch. Not those that
    a module makes by itself, which nobody has looked for.

    Args:
        function: Whose.
        endpoints: Where its clients go, whom they trust, and their keys.

    Raises:
        NoAnswer: It did not start, or did not answer as it should.
    """
    with tempfile.TemporaryDirectory() as folder:
        put_what_is_in_it(function.archive.path, Path(folder))
        imported = recorded(function.function(Path(folder), 0), endpoints)
    return {name: asker for name, asker in imported.items() if asker and not _is_internal(name)}


def recorded(function: Startable, endpoints: Mapping[str, str]) -> dict[str, str]:
    """Start a function, ask it, and return what was imported until then; see ``recorder``.

    Raises:
        NoAnswer: It did not start, or did not answer as it should.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "imports.json"
        # Without this folder among those of modules: its own have common names.
        program = ("-P", str(RECORDER), str(file))
        with launched(function, endpoints, LAMBDA_RUNTIME, program) as process:
            process.ask()
            process.wait_until_idle()  # it has written by then what the answer took
        imported: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return imported


def put_what_is_in_it(bundle: Path, folder: Path) -> None:
    """Put a bundle's packages, and the metadata it has, from where they are into a folder."""
    installed = Path(str(distribution("botocore").locate_file("")))
    ours = {WORKFLOWS_FOLDER: ROOT / DEFAULT_FOLDER}
    with zipfile.ZipFile(bundle) as zipped:
        names = {name.partition("/")[0] for name in zipped.namelist()}
        if lazy_packages.FILE in names:
            zipped.extract(lazy_packages.FILE, folder)
    for name in names - {"__pycache__"}:
        source = ours.get(name, _SOURCES / name)
        if source.is_dir():
            # Copies: what looks for its neighbours follows links to where it has others.
            shutil.copytree(source, folder / name)
        elif (installed / name).exists():
            (folder / name).symlink_to(installed / name)


def _is_internal(name: str) -> bool:
    parts = name.split(".")
    if parts[0].startswith("_sysconfigdata"):  # named for the machine
        return True
    return parts[0] in sys.stdlib_module_names and any(part.startswith("_") for part in parts)
