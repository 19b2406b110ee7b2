"""What every test needs, in `tests` and beside what is tested in `lambda_src`."""

import functools
import gc
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from hypothesis import settings
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

from scripts.environment import for_packages

if TYPE_CHECKING:
    from tests.e2e.conftest import Deployment

# Nothing of a developer's environment reaches a test, nor what it starts.
_TESTING = re.compile(r"(PYTEST|COV|COVERAGE|HYPOTHESIS)_\w+")
_PROJECT = Path(__file__).resolve().parent
_allowed = {
    **for_packages(),
    **{name: value for name, value in os.environ.items() if _TESTING.fullmatch(name)},
    "PYTHONPATH": os.pathsep.join([str(_PROJECT), str(_PROJECT / "lambda_src")]),
}
os.environ.clear()
os.environ.update(_allowed)

# No example fails for being slow: how long one takes says more about the machine than the code.
settings.register_profile("tradewind", deadline=None)
settings.load_profile("tradewind")

# Each test's sessions would read the same service models anew, which takes longer than many a test.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

#: Folders whose tests share what takes long to make, such as a deployment.
_TOGETHER = ("/e2e/", "tests/infra/", "tests/integration/localcloud/")
#: What takes minutes. Begun last, it would keep one process busy while the others have nothing.
_LONG = (
    "/e2e/",
    "test_killed.py",
    "test_life.py",
    "tests/infra/",
    "test_sockets.py",
    "test_new_agent.py",
    "test_without_the_crew.py",
)
#: What judges by all end-to-end tests.
_AFTER_ALL = "test_permissions.py"
#: What needs nothing of its neighbours.
_APART = (
    "test_cold_start_budget.py",
    "test_life.py",
    "test_new_agent.py",
    "test_real_bundles.py",
    "test_without_the_crew.py",
)


class _SharingOut(LoadScopeScheduling):  # type: ignore[misc]  # a class without types
    """Shares tests out by file, and by folder where a folder's tests belong together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.endswith(_APART):
            return file
        return next((folder for folder in _TOGETHER if folder in file), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in self.workqueue:
            if scope.endswith(_LONG):
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Several processes run the tests of `make test`."""
    return _SharingOut(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the end-to-end tests have left is looked at when they are done."""
    items.sort(key=lambda item: item.path.name == _AFTER_ALL)


def pytest_runtest_setup() -> None:
    """Importing the handlers switches collections off, as a function's start wants it."""
    gc.enable()


class _CurrentStdout:
    """Writes to whatever standard output is at the moment, as pytest changes it by test."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture(autouse=True)
def _logs_to_this_tests_output() -> None:
    """The process's logger would keep the standard output of the test that first used it."""
    for handler in logging.getLogger("tradewind").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = _CurrentStdout()
    # Those of pytest, one for all tests: an entry point that is imported filters what they hear.
    for root_handler in logging.getLogger().handlers:
        root_handler.filters.clear()


@pytest.fixture(scope="session")
def _deployed(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Deployment]":
    from tests.e2e.conftest import deployed  # noqa: PLC0415  # the command is slow to import

    with deployed(tmp_path_factory.mktemp("cloud")) as ready:
        yield ready


@pytest.fixture(scope="module")
def deployment(_deployed: "Deployment") -> "Iterator[Deployment]":
    """The app in an embedded AWS: one for all end-to-end tests, those of a domain included."""
    from tests.e2e.conftest import boto3_at  # noqa: PLC0415  # as above

    with boto3_at(_deployed):
        yield _deployed
