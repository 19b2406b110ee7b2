"""Plants a sample of small changes in modules and runs the tests that reach each of them.

The project is copied first: nothing here changes the tree that is worked on. ``pyproject.toml``,
``[tool.mutants]``, says what is sampled; a seed draws the same sample of the same text.
"""

import argparse
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from devtools.mutants.operators import Mutant, mutants_of
from devtools.mutants.reach import Reach, TestsFailed, trace
from devtools.mutants.worker import PASSED

#: Of 100 mutants, as many have to be caught.
_ENOUGH: Final = 95
#: Tests of a mutant may take as much longer than without one, and never less than the least.
_PATIENCE: Final = 5.0
_LEAST_TIMEOUT_S: Final = 60.0


class Plant(NamedTuple):
    """A mutant and where it goes."""

    path: Path
    mutant: Mutant


class Settings(NamedTuple):
    """``[tool.mutants]``.

    Attributes:
        sources: Folders whose lines are traced.
        modules: What is changed, where nobody names anything else: paths or patterns.
        tests: What pytest runs to catch it.
        libraries: What those tests import that is not the project's.
        environments: Folders that the tests need and git does not know.
    """

    sources: list[str]
    modules: list[str]
    tests: list[str]
    libraries: list[str]
    environments: list[str]


def sample(tree: Path, modules: Sequence[str], count: int, seed: int) -> list[Plant]:
    """Draw mutants of modules, which are paths or patterns below ``tree``."""
    paths = sorted({path for module in modules for path in tree.glob(module)})
    every = [
        Plant(path.relative_to(tree), mutant)
        for path in paths
        for mutant in mutants_of(path.read_text())
    ]
    drawn = random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311  no secret
    return sorted(drawn, key=lambda plant: (plant.path, plant.mutant.lines.start))


def _copy(project: Path, to: Path, environments: Sequence[str]) -> None:
    for name in environments:
        (to / name).symlink_to(project / name)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (project / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, to / name)


def _environment(project: Path, tree: Path) -> dict[str, str]:
    """This process's environment, with the copy on Python's path in place of the project."""
    paths = [Path(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    moved = [
        tree / path.relative_to(project) if path.is_relative_to(project) else path for path in paths
    ]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, moved))}


@contextmanager
def _worker(
    tree: Path, libraries: Sequence[str], environment: dict[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(  # noqa: S603  this module's own neighbour
        [sys.executable, "-m", "devtools.mutants.worker", *libraries],
        cwd=tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


def _test(
    worker: "subprocess.Popen[str]", path: Path, source: str, tests: list[str], seconds: float
) -> tuple[bool, str]:
    """Run tests on a changed module: whether all passed, and the end of what was printed."""
    assert worker.stdin is not None  # noqa: S101  it is a pipe
    assert worker.stdout is not None  # noqa: S101
    timeout_s = max(_LEAST_TIMEOUT_S, _PATIENCE * seconds)
    order = {"path": str(path), "source": source, "tests": tests, "timeout_s": timeout_s}
    worker.stdin.write(json.dumps(order) + "\n")
    worker.stdin.flush()
    told = worker.stdout.readline()
    if not told:
        raise TestsFailed("A process that runs the tests has died.")
    code, printed = json.loads(told)
    return code == PASSED, printed


def _diff(project: Path, plant: Plant) -> str:
    before = (project / plant.path).read_text().splitlines()
    lines = difflib.unified_diff(before, plant.mutant.source.splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[2:])


def survivors(
    project: Path, settings: Settings, plants: Sequence[Plant], jobs: int
) -> Iterator[Plant]:
    """Yield the mutants that no test catches, as they are found.

    Raises:
        TestsFailed: The tests do not pass on what is not changed.
    """
    with ExitStack() as stack:
        trees = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")))
            for _ in range(jobs)
        ]
        for tree in trees:
            _copy(project, tree, settings.environments)
        print("Tracing the tests ...", flush=True)
        environments = [_environment(project, tree) for tree in trees]
        reach = trace(trees[0], settings.sources, settings.tests, environments[0])
        for test in reach.failed:
            print(f"fails by itself, and is left out: {test}", flush=True)
        workers = [
            stack.enter_context(_worker(tree, settings.libraries, environment))
            for tree, environment in zip(trees, environments, strict=True)
        ]
        idle = list(workers)
        lock = threading.Lock()

        def survives(plant: Plant) -> bool:
            tests = reach.tests_of(plant.path, plant.mutant.lines)
            if not tests:
                return True
            with lock:
                worker = idle.pop()
            seconds = sum(reach.seconds[test] for test in tests)
            try:
                return _test(worker, plant.path, plant.mutant.source, tests, seconds)[0]
            finally:
                with lock:
                    idle.append(worker)

        _require_sound(project, reach, workers[0], plants)
        with ThreadPoolExecutor(jobs) as threads:
            for plant, survived in zip(plants, threads.map(survives, plants), strict=True):
                if survived:
                    yield plant
                else:
                    print(".", end="", flush=True)


def _require_sound(
    project: Path, reach: Reach, worker: "subprocess.Popen[str]", plants: Sequence[Plant]
) -> None:
    """Run every test that the sample needs once on unchanged text, as it is run on mutants.

    Raises:
        TestsFailed: One fails: every mutant would count as caught.
    """
    tests = {test for plant in plants for test in reach.tests_of(plant.path, plant.mutant.lines)}
    if not tests:
        raise TestsFailed("No test reaches any of the sample.")
    path = plants[0].path
    source = (project / path).read_text()
    seconds = sum(reach.seconds[test] for test in tests)
    ordered = sorted(tests, key=lambda test: reach.seconds[test])
    passed, printed = _test(worker, path, source, ordered, seconds)
    if not passed:
        raise TestsFailed(f"{printed}\nThe tests fail on unchanged text when a worker runs them.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the survivors and the share that was caught. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="paths or patterns; default: pyproject.toml's")
    parser.add_argument("--count", type=int, default=100, help="how many mutants (100)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    given = parser.parse_args(arguments)
    project = Path.cwd()
    settings = Settings(**tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutants"])
    plants = sample(project, given.modules or settings.modules, given.count, given.seed)
    if not plants:
        parser.error("these modules have nothing to change")
    print(f"{len(plants)} mutants, seed {given.seed}", flush=True)
    caught = len(plants)
    try:
        for plant in survivors(project, settings, plants, given.jobs):
            caught -= 1
            where = f"{plant.path}:{plant.mutant.lines.start}"
            print(f"\n{where}: survived: {plant.mutant.kind}\n{_diff(project, plant)}", flush=True)
    except TestsFailed as failed:
        print(failed, file=sys.stderr)
        return 2
    share = 100 * caught / len(plants)
    print(f"\nCaught {caught} of {len(plants)}: {share:.0f} of 100; at least {_ENOUGH} are wanted.")
    return 0 if share >= _ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
