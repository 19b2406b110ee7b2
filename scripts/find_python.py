"""Print the path of a Python 3.12, the version the agents' Lambdas run on.

Looks where one may stand under another name: on the PATH, in pyenv, among uv's own and in the
usual prefixes. As a last resort asks uv to install one. Standard library only; any Python 3.11+.

Usage: python3 scripts/find_python.py PATH_TO_UV
       python3 scripts/find_python.py --if-there VERSION    (prints nothing where there is none)
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSION = "3.12"


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in (f"python{version}", "python3", "python"):
            found = shutil.which(name, path=folder)
            if found:
                yield found
    roots = [os.environ.get("PYENV_ROOT", ""), "~/.pyenv", "~/.asdf/installs/python"]
    for root in filter(None, roots):
        base = Path(root).expanduser()
        yield from map(str, sorted(base.glob(f"versions/{version}*/bin/python3"), reverse=True))
        yield from map(str, sorted(base.glob(f"{version}*/bin/python3"), reverse=True))
    for prefix in ("/usr", "/usr/local", "/opt/python", "/opt/homebrew"):
        yield f"{prefix}/bin/python{version}"


def _runs(python: str, version: str) -> bool:
    """Whether ``python`` starts and is the right version; a pyenv shim may exist and do neither."""
    try:
        done = subprocess.run(  # noqa: S603  the paths are this machine's own interpreters
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def _from_uv(uv: str) -> tuple[str | None, str]:
    """A Python that uv manages, downloaded if need be and possible; else why there is none."""
    # Not quiet: it would keep the reason to itself.
    install = [uv, "python", "install", "--no-progress", VERSION]
    find = [uv, "python", "find", "--quiet", "--managed-python", VERSION]
    brought = subprocess.run(install, capture_output=True, text=True, check=False)  # noqa: S603
    done = subprocess.run(find, capture_output=True, text=True, check=False)  # noqa: S603
    found = done.stdout.strip()
    if found and _runs(found, VERSION):
        return found, ""
    # uv tells what it tried first, and the reason last.
    causes = [line.strip().removeprefix("cause: ") for line in brought.stderr.splitlines()]
    host = re.search(r"https?://([^/\s`]+)", brought.stderr)
    tried = f"uv could not download one from {host[1]}" if host else "uv could not bring one"
    return None, f", and {tried} ({causes[-1]})" if causes else f", and {tried}"


def _find(version: str) -> str | None:
    return next((path for path in _candidates(version) if _runs(path, version)), None)


def _real(python: str | None) -> str:
    """The interpreter itself: a pyenv shim needs its user's shell to be found by."""
    if python is None:
        return ""
    program = "import sys; print(sys.executable)"
    done = subprocess.run(  # noqa: S603
        [python, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def main() -> int:
    """Print the first interpreter that runs; say what to do when there is none."""
    if sys.argv[1:2] == ["--if-there"]:
        sys.stdout.write(_real(_find(sys.argv[2])))
        return 0
    found = _find(VERSION)
    reason = ""
    if found is None and len(sys.argv) > 1:
        found, reason = _from_uv(sys.argv[1])
    if found is None:
        sys.stderr.write(
            f"Tradewind needs a Python {VERSION}, which its Lambdas run on: there is none on this "
            f"machine{reason}. Install your distribution's python{VERSION}, or run `pyenv install "
            f"{VERSION}`, and try again.\n"
        )
        return 1
    sys.stdout.write(found + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
