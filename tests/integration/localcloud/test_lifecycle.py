"""Starting, finding and stopping the server, whatever happens to it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools.localcloud import LocalCloud, LocalCloudError, Running
from devtools.localcloud.running import start_time
from scripts.environment import for_this_machine
from tests.hostile import make_hostile_home
from tests.integration.localcloud import agents
from tests.integration.localcloud.conftest import clients_for, package, role

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def local_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    local_cloud = LocalCloud(tmp_path)
    yield local_cloud
    local_cloud.down()


def processes_of(home: Path) -> list[int]:
    """Every live process that has the home in its command line, folder or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known_by = b" ".join(
                [
                    (process / "cmdline").read_bytes(),
                    os.fsencode((process / "cwd").readlink()),
                    (process / "environ").read_bytes(),
                ]
            )
        except OSError:
            continue
        if os.fsencode(home) in known_by and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def remove(home: Path) -> None:
    """Remove it as ``rm -rf`` does; unpacked code is read-only."""
    for folder, _, _ in os.walk(home):
        Path(folder).chmod(0o755)
    shutil.rmtree(home)


def eventually(condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 20
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.02)
    return condition()


def start_a_function(running: Running) -> int:
    """Create a function and call it; returns its process."""
    client = clients_for(running)
    made = client("iam").create_role(
        RoleName="function",
        AssumeRolePolicyDocument=json.dumps(role()["Properties"]["AssumeRolePolicyDocument"]),
    )
    aws_lambda = client("lambda")
    aws_lambda.create_function(
        FunctionName="sleeper",
        Runtime="python3.12",
        Handler="app.handler",
        Role=made["Role"]["Arn"],
        Timeout=60,
        Code={"ZipFile": package()},
    )
    answer = aws_lambda.invoke(FunctionName="sleeper", Payload=b'{"do": "describe"}')
    return int(json.load(answer["Payload"])["pid"])


def keep_busy(running: Running, note: Path) -> None:
    """Have the function in the midst of an event that outlasts the test."""
    event = {"do": "sleep", "seconds": 50, "note": str(note)}
    clients_for(running)("lambda").invoke(
        FunctionName="sleeper", InvocationType="Event", Payload=json.dumps(event)
    )
    assert eventually(note.exists)


def test_up_twice_is_one_server_and_down_leaves_nothing(local_cloud: LocalCloud) -> None:
    progress: list[str] = []
    running = local_cloud.up(progress.append)
    assert progress == ["starting the embedded AWS"]
    assert local_cloud.up(progress.append) == running == local_cloud.status()
    assert len(progress) == 1
    function = start_a_function(running)
    assert function in processes_of(local_cloud.home)

    assert local_cloud.down() is True
    assert processes_of(local_cloud.home) == []
    assert local_cloud.status() is None
    assert not (local_cloud.home / "tmp").exists()
    # Unpacked code is what takes room.
    assert list((local_cloud.home / "code").iterdir()) == []
    assert local_cloud.down() is False


def test_two_at_once_start_one_server(local_cloud: LocalCloud) -> None:
    found: list[Running] = []
    callers = [
        threading.Thread(target=lambda: found.append(LocalCloud(local_cloud.home).up()))
        for _ in range(2)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_killed_server_takes_its_functions_along_and_up_starts_another(
    local_cloud: LocalCloud, tmp_path: Path
) -> None:
    first = local_cloud.up()
    function = start_a_function(first)
    agent = agents.start(clients_for(first))
    keep_busy(first, tmp_path / "busy")
    os.kill(first.pid, signal.SIGKILL)
    assert eventually(lambda: start_time(function) is start_time(agent) is None)
    second = local_cloud.up()
    assert second.pid != first.pid
    assert second.secret_key != first.secret_key
    # Nothing of the first is left in the second.
    assert clients_for(second)("lambda").list_functions()["Functions"] == []


def test_a_cloud_whose_files_were_removed_is_found_named_and_ended(
    local_cloud: LocalCloud, tmp_path: Path
) -> None:
    running = local_cloud.up()
    function = start_a_function(running)
    agent = agents.start(clients_for(running))
    remove(local_cloud.home)
    assert local_cloud.status() is None
    assert set(local_cloud.lost()) == {running.pid, function, agent}
    said: list[str] = []
    assert local_cloud.down(said.append) is True
    assert str(running.pid) in "".join(said)
    assert start_time(running.pid) is None
    assert start_time(function) is start_time(agent) is None
    assert local_cloud.lost() == []
    assert local_cloud.down() is False


def test_up_replaces_a_cloud_whose_files_were_removed(local_cloud: LocalCloud) -> None:
    first = local_cloud.up()
    remove(local_cloud.home)
    said: list[str] = []
    second = local_cloud.up(said.append)
    assert second.pid != first.pid
    assert start_time(first.pid) is None
    assert f"process {first.pid} served from here" in said[0]


def test_functions_that_outlive_their_server_are_ended(
    local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devtools.localcloud.lifecycle._STOP_GRACE_S", 0.5)
    folder = local_cloud.home / "code" / "function"
    folder.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"],
        cwd=folder,
        env={"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"},
        stdout=subprocess.PIPE,
    ) as left:
        assert left.stdout is not None
        left.stdout.readline()
        said: list[str] = []
        assert local_cloud.down(said.append) is True
        assert said == [f"functions without a server are left here ({left.pid}): ending them"]
        assert left.wait() != 0


def test_a_cloud_is_kept_until_down(local_cloud: LocalCloud) -> None:
    local_cloud.up()
    assert not local_cloud.kept
    local_cloud.keep()
    assert local_cloud.kept
    local_cloud.down()
    assert not local_cloud.kept


def test_the_server_has_nothing_of_a_developers_environment(
    local_cloud: LocalCloud, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        hostile = make_hostile_home(tmp_path / "hostile")
        for name, value in hostile.items():
            patch.setenv(name, value)
        allowed = {*for_this_machine(), "NO_COLOR", "TMPDIR"}
        running = local_cloud.up()
    given = Path(f"/proc/{running.pid}/environ").read_bytes().decode().split("\0")
    names = {entry.partition("=")[0] for entry in given if entry}
    assert names <= allowed
    assert names & set(hostile) <= {"HOME", "NO_COLOR"}
    assert clients_for(running)("s3").list_buckets()["Buckets"] == []


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(local_cloud: LocalCloud) -> None:
    local_cloud.home.mkdir(exist_ok=True)
    (local_cloud.home / "tls").write_text("in the way")
    with pytest.raises(LocalCloudError, match=r"(?s)ended with status 1.*FileExistsError"):
        local_cloud.up()
    assert processes_of(local_cloud.home) == []


def test_an_interrupted_start_leaves_nothing(local_cloud: LocalCloud) -> None:
    program = "import signal, sys; from pathlib import Path; "
    program += "from devtools.localcloud import LocalCloud; "
    # Whoever runs the tests in the background has them ignore it.
    program += "signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "LocalCloud(Path(sys.argv[1])).up(lambda line: print(line, flush=True))"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(local_cloud.home)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as starting:
        assert starting.stdout is not None
        assert starting.stdout.readline() == b"starting the embedded AWS\n"
        assert eventually(lambda: len(processes_of(local_cloud.home)) > 1)
        starting.send_signal(signal.SIGINT)
    assert processes_of(local_cloud.home) == []
    assert local_cloud.status() is None


def test_a_terminated_server_ends_everything_it_started(
    local_cloud: LocalCloud, tmp_path: Path
) -> None:
    running = local_cloud.up()
    function = start_a_function(running)
    keep_busy(running, tmp_path / "busy")
    os.kill(running.pid, signal.SIGTERM)
    assert eventually(lambda: start_time(running.pid) is None)
    assert start_time(function) is None
    assert eventually(lambda: processes_of(local_cloud.home) == [])
