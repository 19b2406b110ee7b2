"""New versions of an agent, deployed by the app's own templates: who goes back, and who was told.

The clock is held: a deployment's minutes pass when the test says so.
"""

from collections.abc import Callable, Iterator

import pytest

from cli.errors import CommandError
from cli.version_changes import VersionChanges
from cli.versions import Moved, Versions
from devtools.localcloud import REGION, LocalCloud, Running
from devtools.localcloud.clock import DeploymentClock
from tests.integration.localcloud.conftest import clients_for
from tests.integration.localcloud.gradual import AGENT, FUNCTION, Calls, Gradual, at_least

UNWELL = f"{FUNCTION}-unwell"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of its own: its clock is held."""
    local_cloud = LocalCloud(tmp_path_factory.mktemp("canary"))
    yield local_cloud.up()
    local_cloud.down()


@pytest.fixture(scope="module")
def clock(running: Running) -> DeploymentClock:
    made = DeploymentClock(running)
    made.hold()
    return made


@pytest.fixture(scope="module")
def agent(
    running: Running, clock: DeploymentClock, tmp_path_factory: pytest.TempPathFactory
) -> Gradual:
    return Gradual(clients_for(running), tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def told(agent: Gradual) -> Callable[[], list[str]]:
    return agent.subscribe()


@pytest.fixture
def as_operator(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)


def went_back(agent: Gradual, before: str) -> None:
    """The stack is where it was, and nobody can go back to the version by mistake."""
    assert agent.ended() == "UPDATE_ROLLBACK_COMPLETE"
    assert agent.alias() == (before, {})
    assert max(agent.versions(), key=int) == before


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        ("dies", "Its function failed.", "Runtime.ImportModuleError"),
        ("refuses", "It did not answer the question.", "INVALID_REQUEST"),
    ],
)
def test_a_version_that_does_not_answer_meets_nobody(
    agent: Gradual, kind: str, reason: str, code: str
) -> None:
    before, _ = agent.alias()
    agent.deploy(kind)
    went_back(agent, before)
    assert "reported Failed" in agent.reasons()
    deployment = agent.last_deployment()
    assert deployment["status"] == "Failed"
    probed = agent.probed()
    assert (probed["passed"], probed["agent"], probed["deployment"]) == (
        False,
        AGENT,
        deployment["deploymentId"],
    )
    assert (probed["reason"], probed.get("error_code")) == (reason, code)
    assert probed["VersionsRefused"] == 1
    # It was asked by its number; through the alias nobody ever came to it.
    assert int(probed["version"]) > int(before)
    assert agent.counted("Invocations", probed["version"]) == 0


def test_a_version_that_fails_a_third_of_its_requests_goes_back(
    agent: Gradual, clock: DeploymentClock, told: Callable[[], list[str]]
) -> None:
    told()
    before, _ = agent.alias()
    already = agent.counted("Invocations", before)
    agent.deploy("fails")
    new = agent.shared()
    assert agent.alias() == (before, {new: 0.4})
    calls = Calls()
    while calls.failed[new] < 2:
        calls.add(agent.call(at_least({new: 1})))
    clock.advance(60)
    # Two failures may be accidents.
    assert agent.alias() == (before, {new: 0.4})
    calls.add(agent.call(at_least({before: 20, new: 40})))
    clock.advance(60)
    went_back(agent, before)
    deployment = agent.last_deployment()
    assert (deployment["status"], deployment["errorInformation"]["code"]) == (
        "Stopped",
        "ALARM_ACTIVE",
    )
    assert f"{FUNCTION}-version-failing" in deployment["errorInformation"]["message"]
    # What was sent to whom: all failures are the new version's, and so says CloudWatch.
    assert calls.failed[before] == 0
    assert 0 < calls.failed[new] < calls.served[new]
    for version, counts in ((new, calls.served[new]), (before, already + calls.served[before])):
        assert agent.counted("Invocations", version) == counts
    assert agent.counted("Errors", new) == calls.failed[new]
    assert f"{UNWELL} ALARM" in told()


def test_a_version_that_is_slow_goes_back(
    agent: Gradual, clock: DeploymentClock, told: Callable[[], list[str]]
) -> None:
    clock.advance(120)
    told()
    before, _ = agent.alias()
    agent.deploy("slow")
    new = agent.shared()
    # Most of the requests have to be the version before's.
    calls = agent.call(at_least({before: 6, new: 5}))
    while calls.served[before] <= calls.served[new]:
        calls.served += agent.call(at_least({before: 1})).served
    clock.advance(60)
    went_back(agent, before)
    assert sum(calls.failed.values()) == 0
    message = agent.last_deployment()["errorInformation"]["message"]
    assert f"{FUNCTION}-version-slower" in message
    assert "version-failing" not in message
    assert f"{UNWELL} ALARM" in told()


def test_a_version_that_is_well_gets_everything_and_the_one_before_stays(
    agent: Gradual, clock: DeploymentClock, told: Callable[[], list[str]]
) -> None:
    clock.advance(120)
    told()
    before, _ = agent.alias()
    agent.deploy("well")
    new = agent.shared()
    calls = agent.call(at_least({before: 6, new: 6}))
    clock.advance(299)
    assert agent.alias() == (before, {new: 0.4})
    clock.advance(1)
    assert agent.ended() == "UPDATE_COMPLETE"
    assert agent.alias() == (new, {})
    assert agent.last_deployment()["status"] == "Succeeded"
    assert (agent.probed()["passed"], agent.probed()["VersionsRefused"]) == (True, 0)
    assert sum(calls.failed.values()) == 0
    assert agent.call(at_least({new: 5})).served == {new: 5}
    # There is something to go back to.
    assert {before, new} <= set(agent.versions())
    assert not [one for one in told() if one.endswith(" ALARM")]


@pytest.mark.usefixtures("as_operator")
def test_after_going_back_the_stack_is_told_and_goes_on_from_there(
    agent: Gradual, clock: DeploymentClock
) -> None:
    there, changes = Versions("local", REGION), VersionChanges("local", REGION)
    [function] = there.all([AGENT])
    before = function.before
    assert before is not None
    assert there.moved() == []
    changes.move(function, changes.target(function))
    assert agent.alias() == (str(before.number), {})
    assert there.moved() == [Moved(AGENT, before.number, function.live)]
    # CodeDeploy moves it from the version that the stack knows, and from no other.
    agent.deploy("well")
    assert agent.ended() == "UPDATE_ROLLBACK_COMPLETE"
    assert "alias version does not match the current version" in agent.reasons()
    changes.move(there.all([AGENT])[0], before)
    agent.deploy("well", hold=before.number)
    assert agent.ended() == "UPDATE_COMPLETE", agent.reasons()
    assert agent.alias() == (str(before.number), {})
    assert there.moved() == []
    agent.deploy("well")
    new = agent.shared()
    assert agent.alias() == (str(before.number), {new: 0.4})
    clock.advance(300)
    assert agent.ended() == "UPDATE_COMPLETE"
    assert agent.alias() == (new, {})


@pytest.mark.usefixtures("as_operator")
def test_a_deployment_under_way_is_stopped_by_going_back(
    agent: Gradual, clock: DeploymentClock
) -> None:
    there, changes = Versions("local", REGION), VersionChanges("local", REGION)
    before, _ = agent.alias()
    agent.deploy("well")
    agent.shared()
    [function] = there.all([AGENT])
    stopped = changes.stop(function).stopped
    went_back(agent, before)
    deployment = agent.last_deployment()
    assert (deployment["deploymentId"], deployment["status"]) == (stopped, "Stopped")
    [function] = there.all([AGENT])
    with pytest.raises(CommandError, match="has no version 999"):
        changes.target(function, 999)


@pytest.mark.usefixtures("as_operator")
def test_the_oldest_versions_go_and_the_rest_can_be_gone_back_to(agent: Gradual) -> None:
    there, changes = Versions("local", REGION), VersionChanges("local", REGION)
    [function] = there.all([AGENT])
    gone = changes.prune(function, 2)
    assert gone
    [left] = there.all([AGENT])
    assert left.live == function.live
    assert len(left.versions) == 2
    assert left.before is not None
