"""Count the connections that a command and all it starts open beyond this machine."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

STRACE: Final = shutil.which("strace")
_ADDRESS: Final = re.compile(
    r'sa_family=AF_INET6?,.*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([0-9a-fA-F.:]+)"'
)


@dataclass(frozen=True)
class Connections:
    """What a command connected to.

    Attributes:
        loopback: How many connections stayed on this machine.
        beyond: The system calls of those that did not.
    """

    loopback: int
    beyond: list[str]


def run_counted(
    command: Sequence[str], env: Mapping[str, str], scratch: Path, cwd: Path
) -> tuple["subprocess.CompletedProcess[str]", Connections]:
    """Run ``command`` to its end, and everything it starts to theirs.

    Args:
        command: What to run.
        env: Its whole environment.
        scratch: A folder for the record of system calls.
        cwd: Where to run it.
    """
    record = scratch / "connect.strace"
    # --seccomp-bpf stops a process at these calls only, so that tracing costs next to nothing.
    trace = [str(STRACE), "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-e", "signal=none"]
    done = subprocess.run(
        [*trace, "-o", str(record), *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    loopback, beyond = 0, []
    for line in record.read_text().splitlines():
        if found := _ADDRESS.search(line):
            address = ip_address(found[1])
            mapped = getattr(address, "ipv4_mapped", None) or address
            if mapped.is_loopback:
                loopback += 1
            else:
                beyond.append(line)
    return done, Connections(loopback, beyond)
