"""Compile the lock files, each beside its ``.in`` file.

Everything that is ever installed together is one resolution, so no two locks can disagree. Each
lock is an export of it: the pins that its own requirements add to the locks it is installed
beside. What is pinned stays pinned until an upgrade is asked for, so that a release of one package
changes nothing, and a new agent changes no lock but its own.

Standard library only; any Python 3.11+.

Usage: python3 scripts/lock.py PATH_TO_UV [--upgrade [NAME ...]]
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Pythons that the app runs on, and the functions'; what is for the latter is marked with it.
APP_PYTHON = "3.11"
FUNCTIONS_PYTHON = "3.12"

CORE = Path("lambda_src/requirements/core.in")
AGENTS = Path("lambda_src/agents")


class LockError(Exception):
    """The locks cannot be compiled. The message is for the person who ran ``make lock``."""


@dataclass(frozen=True)
class Lock:
    """A lock to compile. Paths are relative to the project.

    Attributes:
        requirements: Its ``.in`` file.
        python: The oldest Python it is installed on.
        beside: The ``.in`` files whose locks are always installed with it.
    """

    requirements: Path
    python: str = FUNCTIONS_PYTHON
    beside: tuple[Path, ...] = ()

    @property
    def path(self) -> Path:
        """The lock itself."""
        return self.requirements.with_suffix(".txt")


@dataclass(frozen=True)
class Pin:
    """A package in a lock.

    Attributes:
        name: Normalized.
        version: The exact version.
        marker: On which platforms; empty for all.
        text: Its lines in the lock, with hashes and why it is there.
    """

    name: str
    version: str
    marker: str
    text: str


def joint_locks(root: Path) -> list[Lock]:
    """The locks of the one resolution: the app, the functions and the development environment.

    Raises:
        LockError: An agent's manifest names no framework there is.
    """
    app = Lock(Path("requirements.in"), APP_PYTHON)
    setup = Lock(Path("requirements-setup.in"), APP_PYTHON)
    core = Lock(CORE)
    frameworks = {
        file.stem: Lock(file.relative_to(root), beside=(CORE,))
        for file in sorted((root / CORE).parent.glob("*.in"))
        if file.stem != CORE.stem
    }
    agents = [
        Lock(
            file.relative_to(root),
            beside=(CORE, frameworks[_framework_of(file.parent, frameworks)].requirements),
        )
        for file in sorted((root / AGENTS).glob("*/requirements.in"))
    ]
    runtime = Lock(Path("devtools/localcloud/lambda-runtime.in"))
    # Not the agents': a folder that comes or goes would change the lock of everybody's tools.
    shared = [app, core, *frameworks.values(), runtime]
    development = Lock(
        Path("requirements-dev.in"), beside=tuple(lock.requirements for lock in shared)
    )
    return [*shared, *agents, setup, development]


def separate_locks() -> list[Lock]:
    """The locks of environments that nothing of the app is installed in."""
    return [
        Lock(Path("devtools/localcloud/requirements.in")),
        Lock(Path("bench/requirements-pywake.in")),
    ]


def read_pins(text: str) -> list[Pin]:
    """The pins of a lock, in its order."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return [_read_pin(block) for block in blocks]


def _read_pin(block: str) -> Pin:
    requirement, _, marker = block.partition("\n")[0].removesuffix("\\").partition(";")
    name, _, version = requirement.strip().partition("==")
    return Pin(_normalized(name), version, marker.strip(), block)


def read_requirements(file: Path, shown: Path) -> list[str]:
    """The requirements in an ``.in`` file, without comments.

    Raises:
        LockError: A line is something else: an option, another file, an address.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        requirement = re.sub(r"(^|\s)#.*", "", line).strip()
        if requirement and not re.fullmatch(r"[A-Za-z0-9][^@\\]*", requirement):
            raise LockError(
                f"{shown}:{number}: {requirement!r} is not allowed; write a package's name, its "
                "version if it matters, and nothing else"
            )
        if requirement:
            found.append(requirement)
    return found


class Locker:
    """Compiles locks with uv, in a folder of its own: a lock is written when all are done."""

    def __init__(self, root: Path, uv: str, upgrade: Sequence[str], workplace: Path) -> None:
        self._root = root
        self._uv = uv
        self._upgrade = upgrade
        self._workplace = workplace

    def compile_jointly(self, locks: Sequence[Lock]) -> dict[Path, str]:
        """The new content of each lock, all of one resolution."""
        known = "\n".join(self._present(lock.path) for lock in locks)
        _say(f"Resolving {len(locks)} requirements files together ...")
        together = self._workplace / "together.in"
        together.write_text("".join(self._marked(lock) for lock in locks), encoding="utf-8")
        # One version for every Python, or the app's would part from the functions'.
        one_version = ("--no-annotate", "--fork-strategy", "fewest")
        resolution = self._workplace / "resolution.txt"
        self._run([together], resolution, known, APP_PYTHON, one_version)

        contents: dict[Path, str] = {}
        for lock in locks:
            _say(f"Exporting {lock.path} ...")
            exported = self._workplace / "exported.txt"
            sources = [*lock.beside, lock.requirements]
            options = ("--generate-hashes", "--constraints", str(resolution))
            everything = self._run(sources, exported, known, lock.python, options)
            held = {
                (pin.name, pin.version, pin.marker)
                for other in lock.beside
                for pin in read_pins(contents[other.with_suffix(".txt")])
            }
            contents[lock.path] = _header(lock) + "".join(
                pin.text
                for pin in read_pins(everything)
                if (pin.name, pin.version, pin.marker) not in held
            )
        return contents

    def compile_alone(self, lock: Lock) -> str:
        """The new content of a lock that is a resolution of its own."""
        _say(f"Resolving {lock.path} ...")
        exported = self._workplace / "exported.txt"
        known = self._present(lock.path)
        text = self._run([lock.requirements], exported, known, lock.python, ("--generate-hashes",))
        return _header(lock) + "".join(pin.text for pin in read_pins(text))

    def _present(self, path: Path) -> str:
        file = self._root / path
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _marked(self, lock: Lock) -> str:
        """The requirements of a lock, each marked with the Pythons it is for."""
        requirements = read_requirements(self._root / lock.requirements, lock.requirements)
        if lock.python == APP_PYTHON:
            return "".join(f"{requirement}\n" for requirement in requirements)
        functions = f"python_version >= '{lock.python}'"
        parted = [requirement.partition(";") for requirement in requirements]
        return "".join(
            f"{package} ; ({marker}) and {functions}\n" if marker else f"{package} ; {functions}\n"
            for package, _, marker in parted
        )

    def _run(
        self,
        sources: Iterable[Path],
        output: Path,
        known: str,
        python: str,
        options: Sequence[str],
    ) -> str:
        """Compile ``sources``; what ``known`` pins keeps its version and its hashes.

        Raises:
            LockError: uv refused, for the reason it gave.
        """
        # uv prefers what it finds where it is told to write.
        output.write_text(known, encoding="utf-8")
        command = [
            *(self._uv, "pip", "compile", "--quiet", "--universal", "--python-version", python),
            *("--no-header", "--no-emit-index-url", "--no-emit-find-links"),
            *(*options, *self._upgrade, "--output-file", str(output), *map(str, sources)),
        ]
        done = subprocess.run(  # noqa: S603  our own pinned uv, on our own files
            command, cwd=self._root, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LockError(done.stderr.strip())
        # That a pin was held says nothing of why it is there.
        return re.sub(r"^ +#   -c .*\n", "", output.read_text(encoding="utf-8"), flags=re.MULTILINE)


def differences(before: str, after: str) -> list[str]:
    """What changed from one content of a lock to the next, a package each."""
    old, new = _versions(before), _versions(after)
    return [
        *(f"+ {name} {new[name]}" for name in new if name not in old),
        *(f"- {name} {old[name]}" for name in old if name not in new),
        *(
            f"{name} {old[name]} -> {new[name]}"
            for name in new
            if name in old and old[name] != new[name]
        ),
    ]


def _versions(text: str) -> dict[str, str]:
    versions: dict[str, str] = {}
    for pin in read_pins(text):
        versions[pin.name] = " / ".join(filter(None, [versions.get(pin.name), pin.version]))
    return versions


def _framework_of(folder: Path, frameworks: Iterable[str]) -> str:
    manifest = folder / "agent.toml"
    shown = f"agents/{folder.name}/{manifest.name}"
    if not manifest.exists():
        return "strands"
    try:
        framework = tomllib.loads(manifest.read_text(encoding="utf-8")).get("framework")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise LockError(f"{shown}: {broken}") from None
    if framework not in frameworks:
        raise LockError(f"{shown}: framework: give one of {', '.join(frameworks)}")
    return str(framework)


def _header(lock: Lock) -> str:
    lines = [f"# Compiled from {lock.requirements.name} by `make lock`: do not edit.\n"]
    if lock.beside:
        lines.append("# Without what is in the locks that it is installed beside:\n")
        lines += [f"#   {path.with_suffix('.txt')}\n" for path in lock.beside]
    return "".join(lines)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("[")[0].strip()).lower()


def _upgrade_options(names: Sequence[str] | None, pinned: Iterable[str]) -> Iterator[str]:
    """Options of uv for the names of ``--upgrade``: none for None, everything for no name.

    Raises:
        LockError: No lock pins a package of that name.
    """
    if names is None:
        return
    if not names:
        yield "--upgrade"
    known = set(pinned)
    for name in names:
        if _normalized(name) not in known:
            raise LockError(f"--upgrade {name}: no lock pins a package of this name")
        yield from ("--upgrade-package", name)


def lock(root: Path, uv: str, upgrade: Sequence[str] | None) -> None:
    """Compile every lock of the project and say what changed.

    Raises:
        LockError: It cannot be done; then no lock is touched.
    """
    joint, separate = joint_locks(root), separate_locks()
    before = {
        item.path: (root / item.path).read_text(encoding="utf-8")
        for item in [*joint, *separate]
        if (root / item.path).exists()
    }
    pinned = (pin.name for text in before.values() for pin in read_pins(text))
    with tempfile.TemporaryDirectory() as workplace:
        locker = Locker(root, uv, list(_upgrade_options(upgrade, pinned)), Path(workplace))
        after = locker.compile_jointly(joint)
        after |= {item.path: locker.compile_alone(item) for item in separate}

    changed = [path for path in after if after[path] != before.get(path)]
    for path in changed:
        (root / path).write_text(after[path], encoding="utf-8")
        packages = differences(before.get(path, ""), after[path])
        _say(f"{path}: {', '.join(packages) or 'the same versions'}")
    if not changed:
        _say("Nothing changed.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Compile the locks of the project this script is part of."""
    parser = argparse.ArgumentParser(description="Compile the lock files.")
    parser.add_argument("uv", metavar="PATH_TO_UV")
    parser.add_argument(
        "--upgrade", nargs="*", metavar="NAME", help="take these packages' newest, or everything's"
    )
    given = parser.parse_args()
    try:
        lock(Path(__file__).resolve().parents[1], given.uv, given.upgrade)
    except LockError as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
