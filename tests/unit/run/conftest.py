"""What the tests of a run share."""

import threading
from collections.abc import Iterator

import pytest

from tests.frameworks import FRAMEWORKS, Framework


@pytest.fixture(params=list(FRAMEWORKS))
def framework(request: pytest.FixtureRequest) -> Framework:
    """What the agents of a test are written with."""
    return FRAMEWORKS[request.param]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets go, at the test's end, whatever waits for it."""
    event = threading.Event()
    yield event
    event.set()
