"""After real traffic, good and bad, the widgets of every deployed dashboard draw data."""

from datetime import timedelta
from pathlib import Path

from cli.dashboard import local_preview
from devtools.dashboard.document import TimeRange
from devtools.dashboard.output import write
from devtools.localcloud.bedrock import Fault, FaultKind
from tests.chromium import require_chromium
from tests.deployed_agents import AGENTS
from tests.e2e.conftest import RUNTIMES, Deployment, eventually
from tests.e2e.front_door import operator_of, ping

#: What shows nothing unless a process is killed, a request turned away or a message refused.
QUIET = {
    "Killed by Lambda, by agent",
    "Killed requests",
    "Turned away by Lambda, by agent",
    "Calls answered 5xx",
    "Failed calls by runtime",  # what fails is the runtime's own call of a model
    "Red now, of those behind unwell",
    "Red now, can wait for the morning",
}


def test_the_widgets_of_every_dashboard_draw(deployment: Deployment, tmp_path: Path) -> None:
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
    assert ping(caller) == 200
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
        # The overview, the API's, and one of each agent and runtime.
        assert len(written) == 2 + len(AGENTS) + len(RUNTIMES)
        assert all(dashboard.widgets for dashboard in written)
        empty = {
            widget.title
            for dashboard in written
            for widget in dashboard.widgets
            if widget.state != "drawn"
        }
        return {title for title in empty if not title.startswith("Alarm: ")} <= QUIET

    # Queues' metrics come every few seconds.
    eventually(all_drawn)
