"""The workflow files of bundles, each checked as a run would check it."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from stacks.bundling.errors import NoWorkflow
from tradewind.contracts.names import WORKFLOW_NAME_PATTERN, WORKFLOWS_FOLDER
from tradewind.workflow.engine.operations import fault_past_one_lambda
from tradewind.workflow.spec.loader import load
from tradewind.workflow.spec.problem import Severity

DEFAULT_FOLDER: Final = "examples/workflows"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
#: What no value of an input could mend. What is defined by nobody may be given a value.
_WRONG: Final = frozenset({Severity.ERROR, Severity.UNSUPPORTED})
#: Lines of a message.
_MOST: Final = 20


def workflow_files(folder: Path) -> dict[str, bytes]:
    """The workflows of a folder, and all that is beside them, by their names in a bundle."""
    return {
        f"{WORKFLOWS_FOLDER}/{file.relative_to(folder).as_posix()}": file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not _is_hidden(file.relative_to(folder))
    }


def check_workflows(
    folder: Path, root: Path, named: Collection[str], durable: Collection[str] = ()
) -> None:
    """Refuse a folder with a workflow that cannot run.

    Args:
        folder: The folder.
        root: The project, which messages name files from.
        named: The agents that workflows may ask by name.
        durable: The workflows that are to run past one Lambda.

    Raises:
        NoWorkflow: One is not valid, not there, or cannot run past one Lambda and is to; the
            message has a line for each mistake.
    """
    if not folder.is_dir():
        raise NoWorkflow(f"workflows.folder: there is no folder {folder.relative_to(root)}")
    wrong: list[str] = []
    names: set[str] = set()
    for file in sorted(folder.iterdir()):
        if file.suffix not in _SUFFIXES or not file.is_file() or _is_hidden(Path(file.name)):
            continue
        shown = file.relative_to(root)
        if not re.fullmatch(WORKFLOW_NAME_PATTERN, file.stem):
            wrong.append(f"{shown}: a workflow is asked for by a plain name, which this has not")
        if file.stem in names:
            wrong.append(f"{shown}: there is another workflow {file.stem}")
        names.add(file.stem)
        loaded = load(file, named=named)
        wrong += [
            str(problem).removeprefix(f"{root}/")
            for problem in loaded.problems
            if problem.severity in _WRONG
        ]
        if file.stem in durable and loaded.spec is not None:
            fault = fault_past_one_lambda(loaded.spec)
            if fault is not None:
                wrong.append(f"{shown}: {fault}")
    wrong += [
        f"workflows.durable: there is no workflow {name} in {folder.relative_to(root)}"
        for name in durable
        if name not in names
    ]
    if wrong:
        more = [f"... and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else []
        raise NoWorkflow("\n".join([*wrong[:_MOST], *more]))


def _is_hidden(file: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.parts)
