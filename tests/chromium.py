"""Tests that look at pages need a browser."""

import os

import pytest

from devtools.dashboard.browser import find_chromium


def require_chromium() -> None:
    """Skip where there is none, but only on a machine of one's own; see the README."""
    if find_chromium() is None and os.environ.get("CI") != "true":
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
