"""Find the processes of an embedded AWS by what they are: the files that name them may be gone."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devtools.localcloud.running import start_time

#: How ``lifecycle`` has a Python start a server; the home follows.
SERVER = ("-m", "devtools.localcloud.server", "--home")

#: What has a Python run an agent (see ``extension.agentcore``).
_AGENT_LAUNCHER = b"/extension/agentcore/launcher.py\0"


@dataclass(frozen=True)
class Process:
    """A live process, and its start time in clock ticks, since process ids are reused."""

    pid: int
    started: int


def servers_of(home: Path) -> list[Process]:
    """The live servers of this home."""
    arguments = [os.fsencode(argument) for argument in (*SERVER, home)]

    def is_one(process: Path) -> bool:
        return (process / "cmdline").read_bytes().split(b"\0")[1:-1] == arguments

    return _live(is_one)


def functions_of(home: Path) -> list[Process]:
    """The live processes of this home's functions and agents, and whatever functions started."""

    def is_one(process: Path) -> bool:
        # The name of a folder that was removed is still told, with a remark behind it.
        return (process / "cwd").readlink().is_relative_to(home) and (
            b"AWS_LAMBDA_RUNTIME_API=" in (process / "environ").read_bytes()
            or _AGENT_LAUNCHER in (process / "cmdline").read_bytes()
        )

    return _live(is_one)


def _live(is_one: Callable[[Path], bool]) -> list[Process]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # Another user's processes cannot be looked at, and are not ours; others have just ended.
        with contextlib.suppress(OSError):
            started = start_time(int(process.name))
            if started is not None and process.stat().st_uid == os.getuid() and is_one(process):
                found.append(Process(int(process.name), started))
    return found
