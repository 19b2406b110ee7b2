"""An agent's process: its own port, its own environment, and ready or failed in AWS's words."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from devtools.localcloud.execution import Warden
from devtools.localcloud.extension.agentcore.exchange import Broken
from devtools.localcloud.extension.agentcore.process import (
    INIT_LIMIT_S,
    AgentProcess,
    InitFailed,
    Program,
)
from devtools.localcloud.running import start_time

#: As somebody writes one for AWS: it binds every address, and the port of the contract.
AGENT = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    pings = 0

    def do_GET(self):
        Handler.pings += 1
        if "NOTE" in os.environ:
            open(os.environ["NOTE"], "a").write("ping ")
        self.answer(503 if Handler.pings <= int(os.environ.get("ILL", 0)) else 200,
                    {"status": os.environ.get("STATUS", "Healthy")})

    def do_POST(self):
        if "EXITS" in os.environ:
            os._exit(3)
        self.answer(200, {"environment": dict(os.environ), "path": sys.path, "argv": sys.argv,
                          "cwd": os.getcwd(), "modules": sorted(sys.modules)})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

if __name__ == "__main__":
    print("it begins")
    HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden()
    yield warden
    warden.end()


class World:
    """What a test starts agents with."""

    def __init__(self, code: Path, warden: Warden) -> None:
        self.code = code
        self.lines: list[str] = []
        self._warden = warden

    async def start(self, source: str = AGENT, **environment: str) -> AgentProcess:
        (self.code / "main.py").write_text(source)
        program = Program(
            getattr(sys, "_base_executable", sys.executable),
            self.code,
            "main.py",
            8080,
            {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **environment},
        )
        return await AgentProcess.start(program, self._warden, self.lines.append)


@pytest.fixture
def world(tmp_path: Path, warden: Warden) -> World:
    return World(tmp_path, warden)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def run_it() -> None:
        await test()

    asyncio.run(run_it())


async def say(agent: AgentProcess) -> dict[str, object]:
    exchange = await agent.request("POST", "/invocations", {}, b"{}")
    text = b"".join([chunk async for chunk in exchange.chunks()])
    exchange.close()
    found: dict[str, object] = json.loads(text)
    return found


def test_two_agents_bind_the_same_port_and_each_has_its_own(world: World) -> None:
    async def test() -> None:
        first, second = await asyncio.gather(world.start(), world.start())
        try:
            assert first.address != second.address
            assert {first.address[0], second.address[0]} == {"127.0.0.1"}
            assert 8080 not in (first.address[1], second.address[1])
            await say(first)
            await say(second)
        finally:
            first.end()
            second.end()

    run(test)


def test_an_agent_has_nothing_but_what_it_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEBODYS", "own")

    async def test() -> None:
        agent = await world.start(ITS="own")
        try:
            told = await say(agent)
        finally:
            agent.end()
        environment, path = told["environment"], told["path"]
        assert isinstance(environment, dict)
        assert isinstance(path, list)
        given = {"PATH", "PYTHONUNBUFFERED", "ITS", "HOME", "TMPDIR"}
        assert environment.keys() - {"LC_CTYPE"} == given
        assert environment["HOME"] == environment["TMPDIR"] != str(world.code)
        assert not [each for each in path if "site-packages" in each or "devtools" in each]
        assert path[0] == told["cwd"] == str(world.code)
        assert told["argv"] == ["main.py"]
        assert not [name for name in told["modules"] if name.startswith("devtools")]  # type: ignore[attr-defined]

    run(test)


def test_what_it_writes_is_logged_line_by_line(world: World) -> None:
    async def test() -> None:
        agent = await world.start()
        agent.end()
        while not world.lines:
            await asyncio.sleep(0.01)

    run(test)
    assert world.lines[0] == "it begins"


def test_an_agent_is_ready_once_its_ping_says_so(world: World) -> None:
    async def test() -> None:
        agent = await world.start(ILL="2")
        try:
            assert await say(agent)
        finally:
            agent.end()

    run(test)


def test_one_whose_ping_never_says_so_fails_its_health_check(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[asyncio.Timeout] = []
    timeout = asyncio.timeout
    note = world.code / "pings"

    def noted(delay: float | None) -> asyncio.Timeout:
        limits.append(timeout(delay))
        return limits[-1]

    async def test() -> None:
        monkeypatch.setattr(asyncio, "timeout", noted)
        starting = asyncio.ensure_future(world.start(ILL="1000000", NOTE=str(note)))
        while not (note.exists() and note.read_text().count("ping") > 1):
            await asyncio.sleep(0.01)
        # The first limit is that of the start; its time is over now.
        limits[0].reschedule(asyncio.get_running_loop().time())
        with pytest.raises(InitFailed, match="health check failed or timed out"):
            await starting

    run(test)


@pytest.mark.parametrize("source", ["import nothing_like_it", "", "raise SystemExit(0)"])
def test_one_that_ends_before_it_is_ready_has_not_started_in_time(
    world: World, source: str
) -> None:
    async def test() -> None:
        with pytest.raises(InitFailed, match="make sure that initialization completes in 60s"):
            await world.start(source)

    run(test)
    assert INIT_LIMIT_S == 60


def test_a_start_that_is_called_off_leaves_no_process(world: World) -> None:
    told = world.code / "pid"

    async def test() -> None:
        source = f"import os, time; open({str(told)!r}, 'w').write(f'{{os.getpid()}} '); "
        starting = asyncio.ensure_future(world.start(source + "time.sleep(600)"))
        while not (told.exists() and told.read_text().endswith(" ")):
            await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        while start_time(int(told.read_text())) is not None:
            await asyncio.sleep(0.01)

    run(test)


@pytest.mark.parametrize(("status", "busy"), [("HealthyBusy", True), ("Healthy", False)])
def test_it_says_whether_it_works_in_the_background(world: World, status: str, busy: bool) -> None:
    async def test() -> None:
        agent = await world.start(STATUS=status)
        try:
            assert await agent.busy() is busy
        finally:
            agent.end()
        while agent.alive():
            await asyncio.sleep(0)
        assert await agent.busy() is False

    run(test)


def test_one_that_ends_in_a_request_breaks_it_off_and_lives_no_more(world: World) -> None:
    async def test() -> None:
        agent = await world.start(EXITS="1")
        with pytest.raises(Broken):
            await agent.request("POST", "/invocations", {}, b"{}")
        while agent.alive():
            await asyncio.sleep(0.01)

    run(test)


def test_its_scratch_folder_goes_with_it(world: World) -> None:
    async def test() -> None:
        agent = await world.start()
        told = await say(agent)
        environment = told["environment"]
        assert isinstance(environment, dict)
        scratch = Path(environment["HOME"])
        assert scratch.is_dir()
        agent.end()
        while scratch.exists():
            await asyncio.sleep(0.01)

    run(test)
