"""The releases of awslambdaric that are known, installed apart from one another.

``python -m devtools.runtime_conformance.releases UV [RELEASE ...]`` installs those that are named,
or those that every run of the tests checks, each once, by the hashes that ``releases.txt`` pins.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
_PINS: Final = Path(__file__).with_name("releases.txt")
_INSTALLED: Final = PROJECT / ".build" / "lambda-runtimes"
#: What every release needs besides; see ``devtools/localcloud/lambda-runtime.in``.
_DEPENDENCIES: Final = PROJECT / ".build" / "lambda-runtime"
#: Those that every run of the tests checks, besides the one that functions run on here.
CHECKED_ALWAYS: Final = ("2.0.8", "3.0.0")


def pins() -> dict[str, str]:
    """Each known release's requirement, hashes included; the oldest first."""
    lines = [line for line in _PINS.read_text().splitlines() if line and not line.startswith("#")]
    return {line.split()[0].partition("==")[2]: line for line in lines}


def runtime_folders(release: str) -> list[Path]:
    """The folders that a release and what it needs are installed in.

    Raises:
        FileNotFoundError: It is not installed.
    """
    folder = _INSTALLED / release
    if not folder.exists():
        raise FileNotFoundError(f"awslambdaric {release} is not installed; `make setup` does that.")
    return [folder, _DEPENDENCIES]


def install(uv: Path, release: str) -> None:
    """Install a release for the Python that runs this, unless it is there."""
    folder = _INSTALLED / release
    if folder.exists():
        return
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_INSTALLED) as scratch:
        requirement = Path(scratch) / "requirements.txt"
        requirement.write_text(pins()[release])
        target = Path(scratch) / "target"
        options = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        options += ["--python", sys.executable]
        subprocess.run(
            [uv, "pip", "install", *options, "--target", target, "-r", requirement],
            check=True,
        )
        if not folder.exists():
            os.replace(target, folder)  # whole or not at all


if __name__ == "__main__":
    for _release in sys.argv[2:] or CHECKED_ALWAYS:
        install(Path(sys.argv[1]), _release)
