"""What a process's instructions are counted by, where the machine and its owner let it."""

import ctypes
import os
import platform
import struct
from typing import Final

#: The numbers of ``perf_event_open`` (Linux, asm/unistd.h).
_SYSCALLS: Final = {"x86_64": 298, "aarch64": 241}
#: PERF_TYPE_HARDWARE and PERF_COUNT_HW_INSTRUCTIONS, of linux/perf_event.h.
_HARDWARE: Final = 0
_INSTRUCTIONS: Final = 1
#: Bits of ``perf_event_attr``: begin disabled, count children, nothing of the kernel and the
#: hypervisor, begin when a program is executed.
_DISABLED, _INHERIT, _NO_KERNEL, _NO_HYPERVISOR, _ON_EXEC = (1 << bit for bit in (0, 1, 5, 6, 12))
_ATTRIBUTES: Final = 120
_NO_GROUP: Final = -1
_ANY_CPU: Final = -1


class Instructions:
    """Counts the user instructions of the program that a process is about to execute.

    Without a counter (a virtual machine seldom has one, and ``perf_event_paranoid`` may forbid it)
    it counts nothing, and says so.
    """

    def __init__(self, pid: int) -> None:
        self._file = _open(pid)

    def read(self) -> int | None:
        """Instructions so far; None where nobody counts."""
        if self._file is None:
            return None
        (count,) = struct.unpack("<Q", os.read(self._file, 8))
        return int(count)

    def close(self) -> None:
        """Count no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _open(pid: int) -> int | None:
    number = _SYSCALLS.get(platform.machine())
    if number is None:
        return None
    flags = _DISABLED | _INHERIT | _NO_KERNEL | _NO_HYPERVISOR | _ON_EXEC
    attributes = struct.pack(
        "<IIQQQQQ", _HARDWARE, _ATTRIBUTES, _INSTRUCTIONS, 0, 0, 0, flags
    ).ljust(_ATTRIBUTES, b"\0")
    library = ctypes.CDLL(None)
    file = library.syscall(number, attributes, pid, _ANY_CPU, _NO_GROUP, 0)
    return file if file >= 0 else None
