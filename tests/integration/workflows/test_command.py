"""``tradewind run`` against the stand-in of Bedrock: every example, and real processes that die."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner

from cli.__main__ import tradewind
from cli.cdk import PROJECT
from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind, scripted
from devtools.localcloud.bedrock.conversation import Conversation
from devtools.localcloud.bedrock.reply import Reply, TextBlock
from tests.integration.callers import PROFILE, REGION
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow_agents.models import BedrockClients, ModelPool

EXAMPLES: Final = PROJECT / "examples" / "workflows"
#: Asks the project's agents by name.
CREW: Final = EXAMPLES / "wind-farm-crew.yaml"
#: What an agent says whose answer the workflow reads, by words of its prompt.
_SAYS: Final = {
    "You score texts": ['{"score": 40, "issues": ["dull"], "fixes": ["cut"]}', '{"score": 95}'],
    "choose who answers": ['{"route": "local"}'],
    "sort incidents": ['{"route": "Planned"}'],
    "divide a question": ['[{"task": "one thing"}, {"task": "another"}]'],
    "say what is wrong with a text": ["Too long.", "OK"],
    "critical, minor or unclear": ["unclear"],
}
#: What people answer, by words of the question.
_ANSWERS: Final = {
    "Revise it, or stop": "revise",
    "Is it critical?": "yes",
    "to be changed in this draft": "shorter",
    "Is the application to be written": "yes",
    "tasks are to be done": "yes",
    "Answer approved": "route:Urgent",
}
_VALUES: Final = {"string": "wind & waves", "number": "54.7", "integer": "3"}
_LOCAL_TOOLS: Final = {"calculator", "Skill"}
_LIMIT_S: Final = 120


@pytest.fixture
def environment(standin_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {
        **standin_environment,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "TRADEWIND_HOME": str(tmp_path / "no-cloud"),
    }


@pytest.fixture
def clients(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BedrockClients]:
    """This process as one that a person runs the command in."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tradewind.workflow_agents.models.process_clients", lambda: None)
    clients = BedrockClients()
    monkeypatch.setattr("tradewind.workflow_agents.agents.MODELS", ModelPool(clients))
    yield clients
    clients.pool(REGION).close()


def told(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(tradewind, ["run", *arguments, "--json"], catch_exceptions=False)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.exit_code
    return found


def variables(file: Path) -> list[str]:
    required = yaml.safe_load(file.read_text(encoding="utf-8"))["inputs"]["required"]
    return [
        word
        for name, one in required.items()
        for word in ("--var", f"{name}={_VALUES[one if isinstance(one, str) else one['type']]}")
    ]


def test_every_example_runs(
    clients: BedrockClients,
    standin: BedrockStandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: dict[str, int] = {}
    called: set[str] = set()
    plain = scripted.answer

    def answer(conversation: Conversation) -> Reply:
        for words, replies in _SAYS.items():
            if words in conversation.system:
                number = said[words] = said.get(words, 0) + 1
                text = replies[min(number, len(replies)) - 1]
                return Reply((TextBlock(text),), "end_turn", 10, 10)
        # Those that need no network.
        local = tuple(tool for tool in conversation.tools if tool.name in _LOCAL_TOOLS)
        called.update(tool.name for tool in local)
        return plain(replace(conversation, tools=local))

    monkeypatch.setattr(scripted, "answer", answer)
    # Those whose agents are not their own are run by the test after this.
    files = [file for file in sorted(EXAMPLES.glob("*.*")) if file != CREW]
    assert len(files) >= 15
    asked = set()
    for file in files:
        said.clear()
        out = tmp_path / "out" / file.stem
        found = told(str(file), *variables(file), "--out", str(out), "--trace")
        while found["exit_code"] == 19:
            (words,) = (one for one in _ANSWERS if one in found["question"]["prompt"])
            asked.add(words)
            answered = ["--hitl-response", _ANSWERS[words], "--trace"]
            found = told("--resume", found["session_id"], *answered)
        assert found["exit_code"] == 0, (file.name, found["error"])
        assert found["result"], file.name
        written = [Path(one) for one in found["artifacts"]]
        declared = yaml.safe_load(file.read_text(encoding="utf-8")).get("outputs", {})
        assert len(written) == len(declared.get("artifacts", [])), file.name
        assert all(one.is_relative_to(out) and one.read_text("utf-8") for one in written)
        assert json.loads(Path(found["trace"]).read_text())["spans"]
        assert found["statistics"]["models_made"] <= 2
        assert found["spent"]["dollars"] > 0
    assert asked == _ANSWERS.keys()
    assert called == _LOCAL_TOOLS


class Crew:
    """Agents by name, in memory."""

    names = frozenset({"terrain", "layout", "simulation", "report", "assistant"})

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    async def call(self, call: AgentCall, run_id: str) -> AgentReply:
        """Answer; the report fails the first time."""
        self.calls.append((call.agent, run_id))
        if call.agent == "report" and len(self.calls) == 4:
            raise AgentFailed("ARTIFACT_NOT_FOUND: Run the layout agent first.")
        return AgentReply(f"{call.agent} is done", 1, 1)


def test_agents_by_name_answer_and_a_resumed_run_asks_on(
    clients: BedrockClients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew, out = Crew(), tmp_path / "out"
    opened: list[dict[str, Any]] = []

    def opening(names: frozenset[str], **options: Any) -> Crew:
        opened.append({"names": names, **options})
        return crew

    monkeypatch.setattr("cli.workflow.named_agents.open_named", opening)
    given = [*variables(CREW), "--var", "project_id=moor", "--out", str(out)]
    failed = told(str(CREW), *given)
    assert failed["exit_code"] == 10
    assert "ARTIFACT_NOT_FOUND" in failed["error"]
    done = told("--resume", failed["session_id"])
    assert (done["exit_code"], done["result"]) == (0, "assistant is done")
    assert (out / "nutshell.md").read_text() == "assistant is done"
    asked = [agent for agent, _ in crew.calls]
    assert asked == ["terrain", "layout", "simulation", "report", "report", "assistant"]
    # The same run: what it asks again is the same request.
    assert len({run_id for _, run_id in crew.calls}) == 1
    assert opened == [{"names": Crew.names, "project_id": "moor", "max_parallel": 5}] * 2


def test_agents_by_name_that_are_nowhere_are_said_to_be(clients: BedrockClients) -> None:
    found = told(str(CREW), *variables(CREW))
    assert found["exit_code"] == 10
    assert "Run `tradewind up` first" in found["error"]
    assert "assistant, layout, report, simulation, terrain" in found["error"]


def flow() -> dict[str, Any]:
    return {
        "version": 0,
        "name": "three",
        "runtime": {"provider": "bedrock", "region": REGION, "model_id": PROFILE},
        "agents": {"a": {"prompt": "You answer."}},
        "pattern": {
            "type": "chain",
            "config": {"steps": [{"agent": "a", "input": f"part {n}"} for n in "123"]},
        },
    }


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_dies_in_a_step_goes_on_at_that_step(
    sign: signal.Signals,
    standin: BedrockStandIn,
    environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = scripted.answer

    def answer(conversation: Conversation) -> Reply:
        if "part 1" in conversation.messages[-1].text():
            standin.inject(Fault(FaultKind.STALL))
        return plain(conversation)

    monkeypatch.setattr(scripted, "answer", answer)
    (tmp_path / "three.json").write_text(json.dumps(flow()))
    command = [sys.executable, "-m", "cli", "run"]
    surroundings = {
        **environment,
        "PATH": os.defpath,
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
    }
    with subprocess.Popen(
        [*command, "three.json"],
        cwd=tmp_path,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as dying:
        while len(standin.prompts()) < 2:
            assert dying.poll() is None, dying.communicate()
            time.sleep(0.05)
        dying.send_signal(sign)
        out, err = dying.communicate()
    assert dying.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL)
    assert out == ""
    (session,) = (tmp_path / "data" / "tradewind" / "sessions").iterdir()
    if sign == signal.SIGINT:
        assert f"tradewind run --resume {session.name}" in err
        assert "Interrupted." in err
    done = subprocess.run(
        [*command, "--resume", session.name],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"part 3\s*$", done.stdout)
    asked = [one.request["messages"][-1]["content"][-1]["text"] for one in standin.prompts()]
    assert asked == ["part 1", "part 2", "part 2", "part 3"]
