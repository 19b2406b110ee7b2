"""Find a Python of the functions' version: byte code is valid for one minor version only."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

from scripts.environment import for_packages, for_this_machine
from stacks.bundling import rules
from stacks.bundling.errors import NoInterpreter, NotCompilable

_WANTED = tuple(int(part) for part in rules.PYTHON.split("."))
_SEARCH = Path(__file__).resolve().parents[2] / "scripts" / "find_python.py"


@dataclass(frozen=True)
class Interpreter:
    """A Python that can compile for the functions.

    Attributes:
        path: Its executable.
        version: With the patch level, since compilers differ.
    """

    path: Path
    version: str


def find_interpreter() -> Interpreter:
    """Return this very Python if it fits, else one found on the machine or brought by uv.

    Raises:
        NoInterpreter: There is none; the message says how to get one.
    """
    if sys.version_info[:2] == _WANTED:
        return Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))
    # The same search that sets the project up.
    found = _run([sys.executable, str(_SEARCH), uv.find_uv_bin()])
    return _interpreter(found)


def find_if_there(python: str) -> Interpreter | None:
    """Return a Python of another version, if this machine has one.

    Without it a bundle has no byte code: its function works alike, and starts later.
    """
    # The one that the setup found: a search finds another, or none, from another shell.
    known = _SEARCH.parents[1] / ".build" / f"lambda-runtime-{python}" / "python"
    if known.exists():
        return _interpreter(str(known.resolve()))
    found = _run([sys.executable, str(_SEARCH), "--if-there", python])
    return _interpreter(found) if found else None


def _interpreter(python: str) -> Interpreter:
    print_version = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    return Interpreter(Path(python), _run([python, "-I", "-c", print_version]))


def compile_tree(tree: Path, interpreter: Interpreter) -> None:
    """Compile every module in ``tree`` beside its source, as if it stood in ``/var/task``.

    Byte code is checked against nothing when it is imported: times do not survive a zip.

    Raises:
        NotCompilable: A module is not valid Python; the message says which, and where.
    """
    command = [
        str(interpreter.path),
        *("-S", "-m", "compileall", "-q", "-f"),
        *("--invalidation-mode", "unchecked-hash"),
        *("-s", str(tree), "-p", "/var/task"),
        str(tree),
    ]
    # One process, sorted folders, a fixed seed and none of the caller's settings: the same byte
    # code every time.
    done = subprocess.run(  # noqa: S603
        command,
        env={**for_this_machine(), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotCompilable(done.stdout.replace(f"{tree}/", "").strip())


def _run(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603  our own search, and what it found
        command, env=for_packages(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoInterpreter(done.stderr.strip())
    return done.stdout.strip()
