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
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The oldest Python that the app runs on, and the functions'.
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
        requirement: Name, version and on which platforms, as the lock says it.
        text: Its lines in the lock, with hashes and why it is there.
    """

    name: str
    version: str
    requirement: str
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


def separate_locks(root: Path) -> list[Lock]:
    """The locks of environments that nothing of the app is installed in."""
    compared = [
        *root.glob("bench/*/requirements*.in"),
        *(root / CORE).parents[1].glob("*/bench/requirements*.in"),
    ]
    return [
        Lock(Path("devtools/localcloud/requirements.in")),
        Lock(Path("requirements-mcp-proxy.in")),
        *(Lock(file.relative_to(root)) for file in sorted(compared)),
    ]


def read_pins(text: str) -> list[Pin]:
    """The pins of a lock, in its order."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return [_read_pin(block) for block in blocks]


def _read_pin(block: str) -> Pin:
    requirement = block.partition("\n")[0].removesuffix("\\").strip()
    name, _, version = requirement.partition(";")[0].strip().partition("==")
    return Pin(_normalized(name), version, requirement, block)


class Locker:
    """Compiles locks with uv.

    Args:
        root: The project.
        uv: The program.
        known: What the locks say so far; a package in it keeps its version and its hashes.
        workplace: An empty folder.
    """

    def __init__(self, root: Path, uv: str, known: str, workplace: Path) -> None:
        self._root = root
        self._uv = uv
        self._known = known
        self._workplace = workplace

    def compile_jointly(self, locks: Sequence[Lock]) -> dict[Path, str]:
        """The new content of each lock, all of one resolution.

        Raises:
            LockError: uv refused.
        """
        _say(f"Resolving {len(locks)} requirements files together ...")
        # What also has to run on an older Python chooses first; the rest takes the same if it can.
        oldest = [lock.requirements for lock in locks if lock.python == APP_PYTHON]
        preferred = self._compile(oldest, APP_PYTHON, "--no-annotate", "--fork-strategy=fewest")
        resolution = self._workplace / "resolution.txt"
        resolution.write_text(
            self._compile(
                [lock.requirements for lock in locks],
                FUNCTIONS_PYTHON,
                "--no-annotate",
                known=preferred + self._known,
            ),
            encoding="utf-8",
        )
        contents: dict[Path, str] = {}
        for lock in locks:
            _say(f"Exporting {lock.path} ...")
            sources = [*lock.beside, lock.requirements]
            text = self._compile(
                sources, lock.python, "--generate-hashes", f"--constraints={resolution}"
            )
            held = {
                pin.requirement
                for other in lock.beside
                for pin in read_pins(contents[other.with_suffix(".txt")])
            }
            own = [pin.text for pin in read_pins(text) if pin.requirement not in held]
            contents[lock.path] = _header(lock) + "".join(own)
        return contents

    def compile_alone(self, lock: Lock) -> str:
        """The new content of a lock that is a resolution of its own.

        Raises:
            LockError: uv refused.
        """
        _say(f"Resolving {lock.path} ...")
        return _header(lock) + self._compile([lock.requirements], lock.python, "--generate-hashes")

    def _compile(
        self, sources: Sequence[Path], python: str, *options: str, known: str | None = None
    ) -> str:
        # uv prefers what it finds where it is told to write.
        output = self._workplace / "compiled.txt"
        output.write_text(self._known if known is None else known, encoding="utf-8")
        command = [
            *(self._uv, "pip", "compile", "--quiet", "--universal", "--python-version", python),
            *("--no-header", "--no-emit-index-url", "--no-emit-find-links", *options),
            *("--output-file", str(output), *map(str, sources)),
        ]
        try:
            done = subprocess.run(  # noqa: S603  our own pinned uv, on our own files
                command, cwd=self._root, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise LockError(f"{self._uv} cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            raise LockError(f"For Python {python} and newer, uv refused: {done.stderr.strip()}")
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


def _framework_of(folder: Path, frameworks: Collection[str]) -> str:
    manifest = folder / "agent.toml"
    shown = f"agents/{folder.name}/{manifest.name}"
    try:
        framework = tomllib.loads(manifest.read_text(encoding="utf-8")).get("framework")
    # A ValueError is no TOML, text in another encoding, or a number of endless digits.
    except (OSError, ValueError, RecursionError) as broken:
        raise LockError(f"{shown}: {broken}") from None
    if not isinstance(framework, str) or framework not in frameworks:
        raise LockError(f"{shown}: framework: give one of {', '.join(frameworks)}")
    return framework


def _header(lock: Lock) -> str:
    lines = [f"# Compiled from {lock.requirements.name} by `make lock`: do not edit.\n"]
    if lock.beside:
        lines.append("# Without what is in the locks that it is installed beside:\n")
        lines += [f"#   {path.with_suffix('.txt')}\n" for path in lock.beside]
    return "".join(lines)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("[")[0].strip()).lower()


def _kept(text: str, upgrade: Sequence[str] | None) -> str:
    """What to prefer of a lock: all but the packages to upgrade, or nothing if none is named."""
    if upgrade is None:
        return text
    forgotten = set(map(_normalized, upgrade))
    return "".join(pin.text for pin in read_pins(text) if forgotten and pin.name not in forgotten)


def lock(root: Path, uv: str, upgrade: Sequence[str] | None) -> None:
    """Compile every lock of the project and say what changed.

    Args:
        root: The project.
        uv: The program.
        upgrade: The packages to take the newest of; None for none, an empty list for all.

    Raises:
        LockError: It cannot be done; then no lock is touched.
    """
    joint, separate = joint_locks(root), separate_locks(root)
    before = {
        item.path: (root / item.path).read_text(encoding="utf-8")
        for item in [*joint, *separate]
        if (root / item.path).exists()
    }
    pinned = {pin.name for text in before.values() for pin in read_pins(text)}
    if unknown := set(map(_normalized, upgrade or ())) - pinned:
        raise LockError(f"no lock pins {', '.join(sorted(unknown))}")

    with tempfile.TemporaryDirectory() as folder:
        workplace = Path(folder)
        known = _kept("".join(before.get(item.path, "") for item in joint), upgrade)
        after = Locker(root, uv, known, workplace).compile_jointly(joint)
        for item in separate:
            known = _kept(before.get(item.path, ""), upgrade)
            after[item.path] = Locker(root, uv, known, workplace).compile_alone(item)

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
