"""Runs Python that a model wrote. Started by `python_exec`, with the standard library only.

The code comes on standard input. Before it runs, this process gives up, for good, all that it does
not need: files but its own folder and Python's (Landlock), sockets, other processes and programs
(seccomp), time, memory and disk (limits). So it reads no key of whoever started it, in a file, in
`/proc` or from the network. Where the kernel has no such means, it does not run.
"""

# The kernel's versions and bits are numbers, and named where they are used.
# ruff: noqa: PLR2004

import ctypes
import os
import platform
import resource
import struct
import sys
import traceback
from collections.abc import Sequence
from typing import Final

#: System calls by machine: what reaches beyond this process.
_CALLS: Final = {
    "x86_64": (
        0xC000003E,
        {
            41,  # socket
            *(57, 58, 59, 322),  # fork, vfork, execve, execveat
            *(62, 200, 234, 129, 297, 424),  # signals
            *(101, 310, 311, 302),  # ptrace, process_vm_readv, process_vm_writev, prlimit64
            *(425, 438, 434, 321, 323, 298),  # io_uring, pidfd, bpf, userfaultfd, perf
            *(109, 112, 141, 203, 272, 308),  # process groups, priorities, namespaces
            *(250, 248, 249),  # keys
        },
        56,
    ),
    "aarch64": (
        0xC00000B7,
        {
            198,
            *(221, 281),
            *(129, 130, 131, 138, 240, 424),
            *(117, 270, 271, 261),
            *(425, 438, 434, 280, 282, 241),
            *(154, 157, 140, 122, 97, 268),
            *(219, 217, 218),
        },
        220,
    ),
}
_CLONE3 = 435
_CLONE_THREAD = 0x10000
_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
#: Reading a file or a folder, of Landlock's rights.
_READ_FILE = 1 << 2
_READ = _READ_FILE | (1 << 3)
#: All that the first version has. Later ones are added as far as the kernel has them.
_FIRST = (1 << 13) - 1
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 38, 4, 22

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The kernel's version of Landlock; 0 where it cannot confine."""
    if sys.platform != "linux" or platform.machine() not in _CALLS:
        return 0
    found = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(found))


def confine(folder: str, readable: Sequence[str]) -> None:
    """Give up all but some files.

    Args:
        folder: Where it may write.
        readable: What it may read.
    """
    _must(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    found = version()
    if not found:
        raise OSError("this kernel cannot confine")
    rights = _FIRST | (1 << 13 if found >= 2 else 0) | (1 << 14 if found >= 3 else 0)
    rights |= 1 << 15 if found >= 5 else 0
    network = 3 if found >= 4 else 0
    scoped = 3 if found >= 6 else 0
    attributes = struct.pack("QQQ", rights, network, scoped)
    length = 24 if found >= 6 else 16 if found >= 4 else 8
    rules = _must(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(length), 0))
    # Not what makes devices, links and pipes.
    written = rights & ~((1 << 0) | (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12))
    for path, given in [(folder, written), *((path, _READ) for path in readable)]:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(path):
            rule = struct.pack("=Qi", given & _READ_FILE, opened)
        else:
            rule = struct.pack("=Qi", given, opened)
        _must(_libc.syscall(_ADD_RULE, rules, 1, rule, 0))
        os.close(opened)
    _must(_libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)
    _filter_calls()


def _filter_calls() -> None:
    machine, calls, clone = _CALLS[platform.machine()]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    steps = [
        (load, 0, 0, 4),  # which machine's calls
        (equal, 1, 0, machine),
        (give, 0, 0, _ERRNO | _EPERM),
        (load, 0, 0, 0),  # which call
        (at_least, 0, 1, 0x40000000),  # x32's
        (give, 0, 0, _ERRNO | _EPERM),
        (equal, 0, 1, _CLONE3),  # its flags cannot be seen; the C library falls back
        (give, 0, 0, _ERRNO | _ENOSYS),
        (equal, 0, 4, clone),
        (load, 0, 0, 16),
        (any_bit, 1, 0, _CLONE_THREAD),
        (give, 0, 0, _ERRNO | _EPERM),
        (give, 0, 0, _ALLOW),
    ]
    for number in sorted(calls):
        steps += [(equal, 0, 1, number), (give, 0, 0, _ERRNO | _EPERM)]
    steps.append((give, 0, 0, _ALLOW))
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    kept = ctypes.create_string_buffer(program)
    wanted = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept))
    )
    _must(_libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(wanted)), 0, 0))


def _must(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _limit(seconds: int, megabytes: int) -> None:
    for which, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_FSIZE, 20 << 20),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))


def main() -> None:
    """Run what comes on standard input."""
    seconds, megabytes = int(sys.argv[1]), int(sys.argv[2])
    source = sys.stdin.buffer.read().decode("utf-8", "replace")
    python = [sys.base_prefix, os.path.dirname(os.__file__)]
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime"]
    readable = [*python, *system, "/dev/null", "/dev/zero", "/dev/urandom"]
    _limit(seconds, megabytes)
    confine(os.getcwd(), readable)
    sys.argv[:] = ["code"]
    try:
        exec(compile(source, "code", "exec"), {"__name__": "__main__"})  # noqa: S102  what it is for
    except SystemExit:
        raise
    except BaseException as error:
        # Without what is here and not the code's.
        shown = traceback.TracebackException.from_exception(error)
        shown.stack = traceback.StackSummary.from_list(
            [frame for frame in shown.stack if frame.filename == "code"]
        )
        sys.stderr.write("".join(shown.format()))
        sys.stdout.flush()
        sys.exit(1)


if __name__ == "__main__":
    main()
