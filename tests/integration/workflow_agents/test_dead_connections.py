"""Steps whose kept connections died while the process was frozen: no attempt of the file's is lost.

The files allow no repeat (``retries: 0``), and packets are really dropped.
"""

import socket

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.black_holes import swallow_requests
from tests.integration.workflow_agents.conftest import Run, chain, workflow
from tradewind.aws import sockets
from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow_agents import agents

BRANCHES = 6


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    user_timeout = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", (user_timeout,))


def port_of(standin: BedrockStandIn) -> int:
    return int(standin.endpoint_url.rpartition(":")[2])


def test_branches_on_dead_connections_all_answer(run: Run, standin: BedrockStandIn) -> None:
    branches = [{"id": f"b{n}", "agent": "a", "input": f"branch {n}"} for n in range(BRANCHES)]
    at_once = workflow("workflow", {"tasks": branches}, runtime={"max_parallel": BRANCHES})
    run(at_once)
    assert swallow_requests(port_of(standin)) > 0
    standin.reset()
    run(at_once)
    # What was swallowed never arrived: one request for each branch.
    assert standin.stats().requests == BRANCHES


def test_a_step_that_meets_nothing_but_dead_connections_fails(
    run: Run, standin: BedrockStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "MAX_DEAD", 0)
    run(chain(1))
    assert swallow_requests(port_of(standin)) == 1
    with pytest.raises(AgentFailed, match="MODEL_STREAM_BROKEN"):
        run(chain(1))
