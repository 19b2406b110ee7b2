"""Install a requirements file for another platform with uv, and say plainly why it failed."""

import re
import subprocess
from pathlib import Path

import uv

from scripts.environment import for_packages
from stacks.bundling import rules
from stacks.bundling.errors import (
    BundleError,
    HashMismatch,
    InstallFailed,
    MissingWheel,
    RegistryUnreachable,
)
from stacks.settings.function import Architecture


def install(
    requirements: Path,
    target: Path,
    architecture: Architecture,
    interpreter: Path,
    python: str = rules.PYTHON,
) -> None:
    """Install pinned, hashed wheels for Lambda's platform into ``target``.

    Raises:
        MissingWheel: A package has no wheel for the platform.
        HashMismatch: A package is not the pinned one.
        RegistryUnreachable: A package has to be downloaded and cannot be.
        InstallFailed: uv refused for another reason.
    """
    command = [
        uv.find_uv_bin(),
        *("pip", "install", "--quiet"),
        *("--python", str(interpreter)),
        *("--target", str(target)),
        *("--python-platform", rules.PLATFORMS[architecture]),
        *("--python-version", python),
        *("--only-binary", ":all:"),
        # The file is the whole closure; nothing may join it.
        "--no-deps",
        "--require-hashes",
        *("--requirements", str(requirements)),
    ]
    done = subprocess.run(  # noqa: S603  the command is ours; only paths vary
        command, env=for_packages(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _explain(done.stderr, requirements.name, rules.PLATFORMS[architecture], python)


def _explain(output: str, requirements: str, platform: str, python: str) -> BundleError:
    if found := re.search(r"Because (\S+?)==(\S+) has no (?:usable )?wheels", output):
        return MissingWheel(
            f"{requirements}: {found[1]} {found[2]} has no wheel for {platform}, Python "
            f"{python}; pin a version that has one"
        )
    if found := re.search(r"Hash mismatch for `(\S+?)==(\S+?)`", output):
        return HashMismatch(
            f"{requirements}: {found[1]} {found[2]} is not the package that was pinned; "
            "its hash differs"
        )
    if found := re.search(r"Failed to (?:fetch|download)[^\n]*", output):
        return RegistryUnreachable(
            f"{requirements}: the package registry cannot be reached and uv's cache does not "
            f"have every package: {found[0]}"
        )
    return InstallFailed(f"{requirements}: uv could not install it: {' '.join(output.split())}")
