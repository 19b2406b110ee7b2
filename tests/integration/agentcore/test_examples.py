"""The example runtimes, called through both transports, and started as their page says."""

import asyncio
import socket
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from runpy import run_path
from typing import Any, Final

import pytest
import uvicorn
from bedrock_agentcore import BedrockAgentCoreApp

from tests.integration.agentcore.calls import Call, Clients, runtime_call
from tradewind.agentcore.session_ids import new_session_id
from tradewind.contracts.errors import RuntimeFailed

EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples/runtimes"
#: Between the lines of onboarding's last text.
LINE: Final = "\N{LINE SEPARATOR}"
STEP: Final = "Ask for the first site."


@contextmanager
def serving(name: str, listener: socket.socket) -> Iterator[None]:
    """An example's app where AgentCore would be: it has its own paths, and hears of its own."""
    app = run_path(str(EXAMPLES / name / "main.py"))["app"]

    async def behind_agentcore(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if "path" in scope:
            scope = {**scope, "path": "/" + scope["path"].rpartition("/")[2]}
        await app(scope, receive, send)

    server = uvicorn.Server(
        uvicorn.Config(
            behind_agentcore, log_level="critical", lifespan="off", ws="websockets-sansio"
        )
    )
    own = listener.dup()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        own.close()


def ask(clients: Clients, transport: str, session_id: str = "", **parameters: object) -> Call:
    call = Call(
        clients.transport(transport),
        {"query": "Hello", "parameters": parameters},
        session_id or new_session_id(),
    )
    asyncio.run(call.ask(lambda: 600.0))
    assert call.outcomes[0].attempts == 1
    return call


@pytest.mark.parametrize("language", ["ar", "en", "hi", "ja", "sv", "vi"])
def test_onboarding_greets_in_every_script(language: str, clients: Clients) -> None:
    with serving("onboarding", clients.listener):
        call = ask(clients, "sdk", language=language)
        greetings = run_path(str(EXAMPLES / "onboarding/main.py"))["GREETINGS"]
    *words, steps, result = call.values
    assert "".join(map(str, words)) == f"{greetings[language]} "
    assert str(steps).split(LINE) == ["Read the terms.", "Name who may sign.", STEP]
    assert result == {"language": language, "visit": 1, "steps": 3}


def test_onboarding_knows_who_comes_back(clients: Clients) -> None:
    session_id = new_session_id()
    with serving("onboarding", clients.listener):
        visits = [ask(clients, "sdk", one).values[-1] for one in (session_id, session_id, "")]
    assert [visit["visit"] for visit in visits if isinstance(visit, dict)] == [1, 2, 1]


def test_onboarding_fails_before_the_first_word(clients: Clients) -> None:
    with serving("onboarding", clients.listener):
        call = ask(clients, "sdk", language="tlh")
    assert call.values == []
    assert isinstance(call.error, RuntimeFailed)
    assert "ValueError: There is no greeting in 'tlh'" in call.error.message


def test_provisioning_tells_each_step_or_all_at_the_end(clients: Clients) -> None:
    with serving("provisioning", clients.listener):
        told = ask(clients, "sdk", seconds=0)
        whole = ask(clients, "sdk", seconds=0, whole=True)
    steps = ["account", "network", "storage", "access"]
    assert told.values == [
        {"step": step, "done": number, "of": 4} for number, step in enumerate(steps, 1)
    ]
    assert whole.values == [{"steps": steps}]


@pytest.mark.parametrize("transport", ["sdk", "socket"])
def test_network_support_breaks_off_where_it_is_told_to(transport: str, clients: Clients) -> None:
    with serving("network_support", clients.listener):
        well = ask(clients, transport)
        broken = ask(clients, transport, fail_at=2)
    assert len(well.values) == 5
    assert (well.values[-1], well.error) == ({"checks": 4}, None)
    assert broken.values == well.values[:2]
    assert isinstance(broken.error, RuntimeFailed)
    assert "CheckFailed: Check 2 of 4 got no answer." in broken.error.message


def test_network_support_answers_one_question_after_the_other(clients: Clients) -> None:
    async def run() -> list[list[str | bytes | None]]:
        call = runtime_call({"parameters": {"stay": True}})
        answers = []
        async with clients.websocket.converse(call) as duplex:
            answers.append([await duplex.receive() for _ in range(5)])
            await duplex.send('{"parameters": {"fail_at": 0}}')
            answers.append([await duplex.receive() for _ in range(2)])
        return answers

    with serving("network_support", clients.listener):
        first, second = asyncio.run(run())
    assert first[-1] == '{"checks":4}'
    assert second == ['{"error":"Check 0 of 4 got no answer.","error_type":"CheckFailed"}', None]


@pytest.mark.parametrize("name", ["network_support", "onboarding", "provisioning"])
@pytest.mark.parametrize(("variable", "port"), [({}, 8080), ({"PORT": "9999"}, 9999)])
def test_each_serves_at_the_port_that_it_is_given(
    name: str, variable: dict[str, str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[int] = []
    monkeypatch.delenv("PORT", raising=False)
    for one, value in variable.items():
        monkeypatch.setenv(one, value)
    monkeypatch.setattr(BedrockAgentCoreApp, "run", lambda _app, port: ports.append(port))
    run_path(str(EXAMPLES / name / "main.py"), run_name="__main__")
    assert ports == [port]


def test_they_are_made_for_the_package_that_is_tested_with() -> None:
    [line] = (EXAMPLES / "requirements.txt").read_text().splitlines()
    assert line == f"bedrock-agentcore=={version('bedrock-agentcore')}"
