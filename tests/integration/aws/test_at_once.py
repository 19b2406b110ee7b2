"""Branches that call at once find their connections again."""

import pytest

from tests.integration.aws.conftest import Process
from tests.integration.aws.server import Server
from tests.integration.aws.test_sockets import STORAGE, ask_together

BRANCHES = 30


@pytest.mark.parametrize("service", STORAGE)
def test_a_burst_opens_no_connection_that_the_one_before_has_opened(
    process: Process, server: Server, service: str
) -> None:
    client = process.create(service)
    for _ in range(3):
        ask_together(client, service, server, BRANCHES)
    assert server.connections == BRANCHES
