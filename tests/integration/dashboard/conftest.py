"""A served sample app, and a real browser to look at it with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devtools.dashboard.browser import Browser, chromium
from devtools.dashboard.preview import Preview
from devtools.dashboard.server import DashboardServer
from tests.chromium import require_chromium
from tests.dashboard_app import sample_preview


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, or any other. Only a machine of one's own may lack it."""
    require_chromium()
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    return sample_preview(tmp_path_factory.mktemp("app"))


@contextmanager
def serving(preview: Preview) -> Iterator[DashboardServer]:
    """Serve a preview on a free port."""
    with DashboardServer(preview) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def server(preview: Preview) -> Iterator[DashboardServer]:
    with serving(preview) as running:
        yield running
