"""Which tests run which lines, and how long each takes: one run of all of them, traced.

Also the pytest plugin of that run.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from coverage import CoverageData

_SEEN: Final = ".mutants-seen.json"
#: pytest's exit codes when all tests were run: they passed, or some failed.
_TOLD: Final = (0, 1)
_TRACE: Final = ".coverage.mutants"
_TOO_LONG_S: Final = 1_800


class TestsFailed(Exception):
    """The tests cannot be run as they are, so that no mutant can be told from none."""


@dataclass
class Reach:
    """What the traced run saw.

    Attributes:
        seconds: How long each test took.
        lines: The tests that ran each line of each file.
        loaded: The lines that ran when their module was imported, in no test's time.
        failed: Tests that fail as they are, and catch nothing: they are left out.
        naming: The test files that name each file's module.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    lines: dict[Path, dict[int, set[str]]] = field(default_factory=dict)
    loaded: dict[Path, set[int]] = field(default_factory=dict)
    naming: dict[Path, set[str]] = field(default_factory=dict)

    def tests_of(self, path: Path, lines: range) -> list[str]:
        """Return the tests that a change of these lines can matter to, the quickest first.

        What a module does while it is imported matters to every test that runs any of it, or whose
        file names the module: it may read a table without running a line.
        """
        by_line = self.lines.get(path, {})
        reached = set[str]().union(*(by_line.get(line, set()) for line in lines))
        if self.loaded.get(path, set()) & set(lines):
            reached = reached.union(*by_line.values())
            files = self.naming.get(path, set())
            reached |= {test for test in self.seconds if test.partition("::")[0] in files}
        return sorted(reached & set(self.seconds), key=lambda test: (self.seconds[test], test))


def trace(
    tree: Path, sources: Sequence[str], tests: Sequence[str], environment: dict[str, str]
) -> Reach:
    """Run the tests of a tree once.

    Args:
        tree: The project's folder.
        sources: Folders in it whose lines count.
        tests: What pytest is to run.
        environment: What it gets of the environment.

    Raises:
        TestsFailed: They cannot be run.
        TimeoutExpired: They hang.
    """
    done = subprocess.run(  # noqa: S603  the project's own tests
        [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider", "-p", __name__]
        + [f"--cov={source}" for source in sources]
        + ["--cov-context=test", "--cov-report=", "--cov-fail-under=0"],
        cwd=tree,
        # The project's core of coverage does not know whose line it was.
        env={**environment, "COVERAGE_FILE": str(tree / _TRACE), "COVERAGE_CORE": "ctrace"},
        check=False,
        capture_output=True,
        text=True,
        timeout=_TOO_LONG_S,
    )
    if done.returncode not in _TOLD:
        raise TestsFailed(done.stdout[-4_000:] + done.stderr[-2_000:])
    data = CoverageData(str(tree / _TRACE))
    data.read()
    reach = Reach(**json.loads((tree / _SEEN).read_text()))
    files = {test.partition("::")[0] for test in reach.seconds}
    texts = {file: (tree / file).read_text() for file in files}
    for name in data.measured_files():
        path = Path(name).relative_to(tree)
        by_line: dict[int, set[str]] = {}
        for line, contexts in data.contexts_by_lineno(name).items():
            by_line[line] = {context.rpartition("|")[0] for context in contexts if context}
            if "" in contexts:
                reach.loaded.setdefault(path, set()).add(line)
        reach.lines[path] = by_line
        package, module = path.parent.name, path.stem
        names = re.compile(rf"\b{package}(\.{module}\b| import [^\n]*\b{module}\b)")
        reach.naming[path] = {file for file, text in texts.items() if names.search(text)}
    return reach


class _Clock:
    """Adds up what each test takes, and notes which fail."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        passed = {test: took for test, took in self._seconds.items() if test not in self._failed}
        seen = {"seconds": passed, "failed": sorted(self._failed)}
        (session.config.rootpath / _SEEN).write_text(json.dumps(seen))


def pytest_configure(config: pytest.Config) -> None:
    """Watch the tests of the traced run."""
    config.pluginmanager.register(_Clock())
