"""What every test needs."""

import logging
import sys

import pytest


@pytest.fixture(autouse=True)
def _logs_to_this_tests_output() -> None:
    """The process's logger keeps the standard output of the test that first used it."""
    for handler in logging.getLogger("tradewind").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = sys.stdout  # setStream would flush the old one, which is closed
