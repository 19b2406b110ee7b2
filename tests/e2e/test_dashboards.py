"""After real traffic, good and bad, every widget of every deployed dashboard draws data."""

from datetime import timedelta
from pathlib import Path

from cli.dashboard import local_preview
from devtools.dashboard.document import TimeRange
from devtools.dashboard.output import write
from devtools.localcloud.bedrock import Fault, FaultKind
from tests.chromium import require_chromium
from tests.deployed_agents import AGENTS
from tests.e2e.conftest import RUNTIMES, Deployment, eventually
from tests.e2e.front_door import operator_of

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_every_widget_of_every_dashboard_draws(deployment: Deployment, tmp_path: Path) -> None:
    require_chromium()
    for agent in AGENTS:
        assert deployment.ask(agent).answer["success"]
        role = deployment.role(agent).rpartition("/")[2]
        deployment.bedrock.inject(Fault(FaultKind.VALIDATION, role=role))
        assert not deployment.ask(agent).answer["success"]
    caller = operator_of(deployment)
    # One that is refused by the gateway, one by the function, and one that the model's fault ends.
    for path, status in (("/agents", 200), ("/nowhere", 403), ("/invocations/nobodys", 404)):
        assert caller.call("GET", path).status == status
    assert caller.call("POST", "/mcp", PING, Accept="application/json").status == 200
    deployment.bedrock.inject(Fault(FaultKind.VALIDATION, role=role))
    asked = caller.call("POST", f"/agents/{agent}/invocations", {"query": "How windy is it?"})
    assert asked.status == 502
    for runtime in RUNTIMES:
        for state in ("succeeded", "failed"):
            assert caller.ask_runtime(runtime, "Who are you?")["state"] == state
            deployment.bedrock.inject(Fault(FaultKind.VALIDATION))
    deployment.bedrock.clear()

    def all_drawn() -> bool:
        preview = local_preview(deployment.running)
        shown = TimeRange.back(timedelta(hours=1), preview.clock())
        written = write(tmp_path, preview, time_range=shown, themes=["dark"])
        assert [dashboard.problems for dashboard in written] == [()] * len(written)
        assert len(written) == len(AGENTS) + 3 + len(RUNTIMES) + bool(RUNTIMES)
        assert all(dashboard.widgets for dashboard in written)
        states = {widget.state for dashboard in written for widget in dashboard.widgets}
        return states == {"drawn"}

    # Queues' metrics come every few seconds.
    eventually(all_drawn)
