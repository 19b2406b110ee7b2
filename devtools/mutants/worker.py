"""Runs tests on mutants, in a copy of the project that it is started in.

Importing the libraries takes longer than most tests do. So they are imported once, and each mutant
gets a fork of that process, which imports the project's own code anew. Told what to do on
standard input, a line of JSON for each mutant; tells pytest's exit code, null for none, and the
end of what it printed.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

#: What pytest says when all tests passed, and when one failed.
PASSED: Final = 0
#: What no pytest says.
_BROKEN: Final = 70
_STEP_S: Final = 0.02


class _Only:
    """Runs some tests of those that pytest found, in the order given."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._places),
            key=lambda item: self._places[item.nodeid],
        )


def _run(tests: Sequence[str], output: Path) -> int:
    """Run tests in this process: pytest's exit code."""
    os.setsid()  # so that what they start ends with them
    written = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(written, stream)
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={output.parent / 'made'}"]
    # Libraries that are pytest's plugins as well are among those imported before.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *files], plugins=[_Only(tests)]))


def _outcome(tests: Sequence[str], timeout_s: float, output: Path) -> int | None:
    """Run tests in a fork: pytest's exit code; None when they took too long or died."""
    child = os.fork()
    if not child:
        code = _BROKEN
        try:
            code = _run(tests, output)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    give_up = time.monotonic() + timeout_s
    try:
        while time.monotonic() < give_up:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
            time.sleep(_STEP_S)
        return None
    finally:  # of a test, too, and when this process is to end
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def main() -> None:
    """Serve mutants until standard input ends."""
    sys.dont_write_bytecode = True  # a mutant's would be taken for the original's
    for library in sys.argv[1:]:
        importlib.import_module(library)
    output = Path(".mutants") / "output.txt"
    output.parent.mkdir(exist_ok=True)
    for line in sys.stdin:
        order = json.loads(line)
        changed = Path(order["path"])
        original = changed.read_bytes()
        changed.write_text(order["source"])
        try:
            code = _outcome(order["tests"], order["timeout_s"], output)
        finally:
            changed.write_bytes(original)
        print(json.dumps([code, output.read_text(errors="replace")[-4_000:]]), flush=True)


if __name__ == "__main__":
    main()
