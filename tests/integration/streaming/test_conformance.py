"""Releases of awslambdaric that are taught to stream do so as Lambda's Runtime API wants it."""

from collections.abc import Iterator

import pytest

from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from devtools.runtime_conformance.checks import CHECKS, Check, whole_answers_are_untouched
from devtools.runtime_conformance.process import RuntimeProcess, runtime_process
from devtools.runtime_conformance.releases import CHECKED_ALWAYS, pins, runtime_folders

#: The one that functions run on here is the newest; the tests of locks see to that.
HERE = "here"
RELEASES = {release: runtime_folders(release) for release in CHECKED_ALWAYS}
RELEASES[HERE] = [LAMBDA_RUNTIME]


@pytest.fixture(scope="module", params=list(RELEASES))
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def runtime(release: str) -> Iterator[RuntimeProcess]:
    with runtime_process(RELEASES[release]) as process:
        yield process


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_streamed_answer(runtime: RuntimeProcess, check: Check) -> None:
    check(runtime)


def test_answers_that_are_not_streamed(release: str, runtime: RuntimeProcess) -> None:
    with runtime_process(RELEASES[release], CONFORMANCE_UNHOOKED="1") as plain:
        whole_answers_are_untouched(runtime, plain)


def test_the_oldest_known_release_is_checked_always() -> None:
    assert next(iter(pins())) == CHECKED_ALWAYS[0]
