"""``tradewind run``: what is said before a call, how a run ends, and what it leaves."""

import fcntl
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.__main__ import tradewind
from cli.errors import Ended
from cli.workflow import start
from cli.workflow.models import Surroundings
from tests.unit.cli.workflow.local_runs import LocalRuns, flow
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, Unsupported
from tradewind.workflow.engine.memory_agents import MemoryAgents

HITL: dict[str, Any] = {"type": "hitl", "prompt": "Is {{ steps[0].response }} right?"}
CHAIN = {"steps": [{"agent": "a", "input": "one"}, {"agent": "b", "input": "two"}]}
ASKING = {"steps": [{"agent": "a", "input": "one"}, HITL, {"agent": "b", "input": "two"}]}
ARTIFACT = {"artifacts": [{"path": "out.md", "from": "{{ last_response }}"}]}


def calls(runs: LocalRuns) -> list[str]:
    assert isinstance(runs.agents, MemoryAgents)
    return [call.key for call in runs.agents.calls]


def failing(error: Exception, times: int = 1) -> MemoryAgents:
    """Agent b fails so many times."""
    left = [times]

    def answer(call: AgentCall) -> str:
        if left[0]:
            left[0] -= 1
            raise error
        return call.input

    return MemoryAgents({"b": answer})


def test_the_result_alone_is_on_standard_output(runs: LocalRuns) -> None:
    done = runs("run", runs.write(flow("chain", CHAIN, outputs=ARTIFACT)), "--out", "o", "--debug")
    assert (done.exit_code, done.stdout) == (0, "two\n")
    for words in ("flow: chain", "done steps/0", "done steps/1", "completed, session ", "o/out.md"):
        assert words in done.stderr
    assert 'statistics: {"models_made": 1}' in done.stderr
    assert "\x1b" not in done.stderr
    assert (runs.folder / "o" / "out.md").read_text() == "two"
    assert runs.open_ones == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["flow.yaml", "--resume", "x"],
        ["flow.yaml", "--hitl-response", "yes"],
        ["flow.yaml", "--auto-resume", "--hitl-response", "yes"],
        ["--resume", "x", "--var", "a=b"],
        ["--resume", "x", "--ask"],
        ["--resume", "x", "--auto-resume"],
        ["--resume", "x", "--no-save-session"],
        ["flow.yaml", "--auto-resume", "--no-save-session"],
        ["flow.yaml", "--var", "nothing"],
        ["flow.yaml", "--frobnicate"],
    ],
)
def test_wrong_usage_is_2_and_calls_nobody(runs: LocalRuns, arguments: list[str]) -> None:
    runs.write(flow("chain", CHAIN))
    assert runs("run", *arguments).exit_code == 2
    assert runs.opened == [] == runs.sessions()


def test_a_question_without_a_session_is_wrong_usage(runs: LocalRuns) -> None:
    for config in (ASKING, {"steps": [HITL | {"prompt": "?"}]}):
        file = runs.write(flow("chain", config))
        assert runs("run", file, "--no-save-session").exit_code == 2
    assert runs.opened == []


def test_a_file_that_cannot_be_read_is_refused_in_one_line(runs: LocalRuns) -> None:
    (runs.folder / "bomb.yaml").write_text("a: &a [*a]")
    result = runs("run", "bomb.yaml")
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1


def test_everything_wrong_is_said_at_once_before_any_call(runs: LocalRuns) -> None:
    data = flow("chain", {"steps": [{"agent": "nobody"}, {"agent": "a", "input": "{{ 1 + }}"}]})
    done = runs("run", runs.write(data))
    assert done.exit_code == 3
    assert done.stderr.count(": error: ") == 2
    undefined = flow("chain", {"steps": [{"agent": "a", "input": "{{ topic }}"}]})
    done = runs("run", runs.write(undefined))
    assert done.exit_code == 3
    assert "reads names that nobody defines" in done.stderr
    assert runs("run", runs.write(undefined), "--var", "topic=x").stdout == "x\n"
    assert runs("run", "gone.yaml").exit_code == 3
    needs = flow("chain", CHAIN, inputs={"required": {"n": "integer"}})
    for given in ([], ["--var", "n=x"]):
        assert runs("run", runs.write(needs), *given).exit_code == 3
    assert len(runs.opened) == 1


def test_what_is_not_supported_is_18_and_written_down(runs: LocalRuns) -> None:
    data = flow("chain", CHAIN, name="My flow/1", tools={"python": ["os.system", "x.y"]})
    told = runs.told(runs.write(data), "--out", "o")
    assert (told["exit_code"], told["report"]) == (18, "o/My_flow_1-unsupported.md")
    report = (runs.folder / "o" / "My_flow_1-unsupported.md").read_text()
    assert "os.system" in report
    assert "x.y" in report
    # What is found out when the agents are opened is no different; nothing is left to resume.
    assert runs.opened == []


def test_a_missing_key_is_18_and_leaves_no_session(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise Unsupported("openai: no key; set OPENAI_API_KEY")

    monkeypatch.setattr(start, "open_models", refuse)
    told = runs.told(runs.write(flow("chain", CHAIN)))
    assert told["exit_code"] == 18
    assert "OPENAI_API_KEY" in (runs.folder / "artifacts" / "flow-unsupported.md").read_text()
    assert runs.sessions() == []


def test_missing_inputs_are_asked_for_on_a_terminal_alone(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"steps": [{"agent": "a", "input": "{{ n + 1 }} {{ word }}"}]}
    declared = {"n": {"type": "integer", "description": "How many."}, "word": "string"}
    file = runs.write(flow("chain", steps, inputs={"required": declared}))
    assert runs("run", file, "--ask", stdin="1\n").exit_code == 2
    given = ["--var", "n=1", "--var", "word=x"]
    assert runs("run", file, "--ask", *given).exit_code == 0

    class _Terminal:
        stdin = type("stdin", (), {"isatty": staticmethod(lambda: True)})

    monkeypatch.setattr(start, "sys", _Terminal)
    done = runs("run", file, "-a", "--var", "word=x", stdin="many\n41\n")
    assert (done.exit_code, done.stdout) == (0, "42 x\n")
    assert "How many." in done.stderr


def test_each_failure_has_its_status_and_can_be_gone_on_with(runs: LocalRuns) -> None:
    file = runs.write(flow("chain", CHAIN))
    for error, status in ((AgentFailed("no"), 10), (RuntimeError("a defect"), 70)):
        runs.agents = failing(error)
        told = runs.told(file)
        assert (told["exit_code"], told["status"]) == (status, "failed")
        assert calls(runs) == ["steps/0", "steps/1"]
        again = runs.told("--resume", told["session_id"])
        assert (again["exit_code"], again["result"]) == (0, "two")
        assert calls(runs) == ["steps/0", "steps/1", "steps/1"]
        assert runs.open_ones == 0


def test_a_spent_budget_is_20_and_stays_spent(runs: LocalRuns) -> None:
    data = flow("chain", CHAIN)
    data["runtime"]["budgets"] = {"max_tokens": 10, "max_steps": 5}
    runs.agents = MemoryAgents({"a": lambda _: AgentReply("x", input_tokens=9, output_tokens=2)})
    told = runs.told(runs.write(data))
    assert (told["exit_code"], told["spent"]["tokens"]) == (20, 11)
    again = runs.told("--resume", told["session_id"])
    assert (again["exit_code"], again["spent"]["tokens"]) == (20, 11)
    assert calls(runs) == ["steps/0"]


def test_a_question_pauses_and_its_answer_goes_on(runs: LocalRuns) -> None:
    asks = {"steps": [ASKING["steps"][0], HITL | {"default": "no"}, {"agent": "b"}]}
    data = flow("chain", asks, outputs=ARTIFACT)
    done = runs("run", runs.write(data), "--out", "o")
    (session,) = runs.sessions()
    assert (done.exit_code, done.stdout) == (19, "")
    assert "Is one right?" in done.stderr
    assert f'tradewind run --resume {session.name} --hitl-response "..."' in done.stderr
    assert runs.told("--resume", session.name)["exit_code"] == 17
    assert json.loads(runs("sessions", "show", session.name, "--json").stdout)["status"] == "paused"
    assert runs("run", "--resume", session.name, "--hitl-response", " ").exit_code == 0
    # Where it was to go at the start.
    assert (runs.folder / "o" / "out.md").exists()
    shown = json.loads(runs("sessions", "show", session.name, "--json").stdout)
    assert shown["steps"][1]["response"] == "no"
    assert runs.told("--resume", session.name)["exit_code"] == 17
    assert calls(runs) == ["steps/0", "steps/2"]


def test_an_answer_that_is_none_leaves_the_question(runs: LocalRuns) -> None:
    config = {
        "producer": "a",
        "evaluator": {"agent": "b"},
        "accept": {"min_score": 80},
        "review_gate": {"type": "hitl", "prompt": "?", "validation": {"pattern": "^stop$"}},
    }
    runs.agents = MemoryAgents({"b": lambda _: '{"score": 10}'})
    told = runs.told(runs.write(flow("evaluator_optimizer", config)))
    assert (told["exit_code"], told["question"]["pattern"]) == (19, "^stop$")
    session = told["session_id"]
    assert runs.told("--resume", session, "--hitl-response", "maybe")["exit_code"] == 17
    assert runs.told("--resume", session, "--hitl-response", "stop")["exit_code"] == 0


def nowhere(_spec: object, *, consent: bool) -> Surroundings:
    """No models are to be had."""
    raise Unsupported(f"bedrock: no AWS credentials ({consent=})")


def test_an_answer_counts_once_the_run_can_go_on(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = {"steps": [ASKING["steps"][0], HITL, {"agent": "b"}]}
    told = runs.told(runs.write(flow("chain", asks, outputs=ARTIFACT)), "--out", "o")
    answered = ("--resume", told["session_id"], "--hitl-response", "yes")
    (runs.folder / "o").mkdir()
    (runs.folder / "o" / "out.md").write_text("another's")
    assert runs.told(*answered)["exit_code"] == 12

    with monkeypatch.context() as patch:
        patch.setattr(start, "surroundings", nowhere)
        assert runs.told(*answered)["exit_code"] == 18
        assert "no AWS credentials" in (runs.folder / "o" / "flow-unsupported.md").read_text()
    # The same command again, once nothing is in its way.
    assert runs.told(*answered, "--force")["exit_code"] == 0
    assert calls(runs) == ["steps/0", "steps/2"]


@pytest.mark.parametrize("default", ["no", None])
def test_a_question_that_nobody_answered_in_time_is_answered(
    runs: LocalRuns, default: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = HITL | {"timeout_seconds": 60} | ({"default": default} if default else {})
    steps = {
        "steps": [
            {"agent": "a", "input": "one"},
            question,
            {"agent": "b", "input": "{{ hitl_response }}"},
        ]
    }
    session = runs.told(runs.write(flow("chain", steps)))["session_id"]
    assert runs.told("--resume", session)["exit_code"] == 17
    now = time.time()
    monkeypatch.setattr("cli.workflow.start.time.time", lambda: now + 61)
    told = runs.told("--resume", session)
    assert (told["exit_code"], told["result"]) == (0, default or "timeout_expired")


def test_a_full_disk_ends_the_run_and_not_the_session(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = runs.write(flow("chain", CHAIN))
    plain = os.write
    full = [False]

    def write(opened: int, content: Any) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        if b"steps/0" in bytes(content):
            full[0] = True
            return plain(opened, content[:20])
        return plain(opened, content)

    monkeypatch.setattr("cli.workflow.disk.os.write", write)
    told = runs.told(file)
    assert told["exit_code"] == 12
    assert "No space left" in told["error"]
    assert calls(runs) == ["steps/0"]
    full[0] = False
    monkeypatch.setattr("cli.workflow.disk.os.write", plain)
    assert runs.told("--resume", told["session_id"])["result"] == "two"


def test_artifacts_that_cannot_be_are_refused_before_any_call(runs: LocalRuns) -> None:
    outputs = {"artifacts": [{"path": "{{ n }}/x.md", "from": "{{ last_response }}"}]}
    file = runs.write(flow("chain", CHAIN, inputs={"optional": {"n": "string"}}, outputs=outputs))
    out = runs.folder / "artifacts"
    (out / "there").mkdir(parents=True)
    (out / "there" / "x.md").write_text("mine")
    (out / "link").symlink_to(runs.folder)
    (out / "file").write_text("mine")
    (out / "leads").mkdir()
    (out / "leads" / "x.md").symlink_to(out / "file")
    for name in ("there", "link", "file", "leads", "..", "/etc"):
        told = runs.told(file, "--var", f"n={name}")
        assert (told["exit_code"], told["session_id"]) == (12, None), name
    assert runs.opened == []
    for name in ("link", "file", "leads"):
        assert runs.told(file, "--var", f"n={name}", "--force")["exit_code"] == 12
    assert (out / "file").read_text() == "mine"
    assert runs.told(file, "--var", "n=there", "--force")["exit_code"] == 0
    assert (out / "there" / "x.md").read_text() == "two"
    assert not list(out.rglob("*.part"))


def test_a_file_that_came_meanwhile_is_not_replaced(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"artifacts": [{"path": "{{ last_response }}.md", "from": "new"}]}
    (runs.folder / "artifacts").mkdir()
    mine = runs.folder / "artifacts" / "two.md"
    mine.write_text("mine")
    told = runs.told(runs.write(flow("chain", CHAIN, outputs=outputs)))
    assert told["exit_code"] == 12
    assert mine.read_text() == "mine"
    # Nothing runs again for it, and no models are wanted.
    monkeypatch.setattr(start, "surroundings", nowhere)
    assert runs.told("--resume", told["session_id"])["exit_code"] == 12
    assert runs.told("--resume", told["session_id"], "--force")["exit_code"] == 0
    assert mine.read_text() == "new"
    assert calls(runs) == ["steps/0", "steps/1"]


def test_all_artifacts_are_rendered_before_one_is_written(runs: LocalRuns) -> None:
    artifacts = [{"path": "a.md", "from": "x"}, {"path": "b.md", "from": "{{ 1 / 0 }}"}]
    told = runs.told(runs.write(flow("chain", CHAIN, outputs={"artifacts": artifacts})))
    assert told["exit_code"] == 12
    assert not (runs.folder / "artifacts").exists()


def test_a_trace_is_written_however_the_run_ends(runs: LocalRuns) -> None:
    file = runs.write(flow("chain", CHAIN))
    runs.agents = failing(AgentFailed("no"))
    runs.told(file, "--trace")
    trace = json.loads((runs.folder / "artifacts" / "flow-trace.json").read_text())
    assert trace["spans"][0]["status"]["status_code"] == "ERROR"
    told = runs.told(file, "--trace")
    trace = json.loads(Path(told["trace"]).read_text())
    assert trace["spans"][0]["status"]["status_code"] == "OK"
    assert {span["name"] for span in trace["spans"]} >= {"execute.chain", "steps/0", "steps/1"}


def test_a_trace_replaces_no_artifact(runs: LocalRuns) -> None:
    outputs = {"artifacts": [{"path": "flow-trace.json", "from": "mine"}]}
    told = runs.told(runs.write(flow("chain", CHAIN, outputs=outputs)), "--trace")
    assert told["exit_code"] == 12
    assert (runs.folder / "artifacts" / "flow-trace.json").read_text() == "mine"


def test_a_session_is_nobody_elses_to_read(runs: LocalRuns) -> None:
    before = os.umask(0)
    try:
        runs("run", runs.write(flow("chain", CHAIN, outputs=ARTIFACT)))
    finally:
        os.umask(before)
    (session,) = runs.sessions()
    assert stat.S_IMODE(session.stat().st_mode) == 0o700
    files = list(session.iterdir())
    assert {file.name for file in files} >= {"session.json", "state.jsonl", "snapshot.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((runs.folder / "artifacts" / "out.md").stat().st_mode) & 0o400


def test_one_that_another_process_runs_is_refused(runs: LocalRuns) -> None:
    runs.agents = failing(AgentFailed("no"))
    session = runs.told(runs.write(flow("chain", CHAIN)))["session_id"]
    (folder,) = runs.sessions()
    with (folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = runs.told("--resume", session)
        assert told["exit_code"] == 17
        assert told["error"] == f"session {session} is run by another process now"
        with pytest.raises(Ended, match="another process") as refused:
            runs("sessions", "delete", session, "--force")
        assert refused.value.status == 17
    assert runs.told("--resume", session)["exit_code"] == 0


def test_what_is_corrupt_or_missing_is_17(runs: LocalRuns) -> None:
    file = runs.write(flow("chain", CHAIN))
    for name, content in (
        ("session.json", "{"),
        ("session.json", '{"form": 2}'),
        ("snapshot.json", "[]"),
        ("state.jsonl", "00000000 {}\n00000000 {}\n"),
        ("outcome.json", "{}"),
        ("session.json", None),
        ("state.jsonl", None),
    ):
        runs.agents = failing(AgentFailed("no"))
        session = runs.told(file)["session_id"]
        folder = next(one for one in runs.sessions() if one.name == session)
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(content)
        told = runs.told("--resume", session)
        assert (told["exit_code"], "corrupt" in told["error"]) == (17, True), told
    for name in ("gone", "..", "../../flow", "a/b", ""):
        assert runs.told("--resume", name)["exit_code"] == 17
    done = runs("sessions", "list")
    assert done.exit_code == 0
    assert done.stdout.count("corrupt") == 3
    assert runs("sessions", "cleanup", "--max-age-days", "0", "--force").stdout[0] == "7"
    assert runs.sessions() == []


def test_a_changed_snapshot_is_corrupt(runs: LocalRuns) -> None:
    runs.agents = failing(AgentFailed("no"))
    session = runs.told(runs.write(flow("chain", CHAIN)))["session_id"]
    (folder,) = runs.sessions()
    kept = (folder / "snapshot.json").read_text()
    (folder / "snapshot.json").write_text(kept.replace("input: two", "input: six"))
    assert runs.told("--resume", session)["exit_code"] == 17


def test_a_session_goes_on_with_the_files_it_began_with(runs: LocalRuns) -> None:
    other = flow("chain", {"steps": [{"agent": "a"}]}) | {"agents": {"x": {"prompt": "Other."}}}
    runs.write(other, "parts/other.yaml")
    (runs.folder / "skills").mkdir()
    data = flow(
        "chain",
        CHAIN,
        agents={"a": {"$ref": "../parts/other.yaml"}, "b": {"prompt": "B {{ word }}"}},
        skills=[{"id": "s", "path": "../skills"}],
        inputs={"optional": {"word": "string"}},
    )
    # A long path, whose end is what tells files apart.
    file = runs.write(data, f"{'flows' * 20}/flow.yaml")
    runs.agents = failing(AgentFailed("no"))
    session = runs.told(file, "--var", "word=w")["session_id"]
    (runs.folder / "parts" / "other.yaml").unlink()
    (runs.folder / file).write_text("nonsense")
    elsewhere = runs.folder / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)
    done = runs("run", "--resume", session)
    assert (done.exit_code, done.stdout) == (0, "two\n")
    assert "flow.yaml has changed since" in done.stderr
    # Paths in it are those of the file: the skill is found, so nothing is warned of.
    assert "warning" not in done.stderr
    assert isinstance(runs.agents, MemoryAgents)
    assert runs.agents.calls[-1].prompt == "B w"


def test_the_newest_session_of_a_file_is_gone_on_with(runs: LocalRuns) -> None:
    first, second = (
        runs.write(flow("chain", {"steps": [{"agent": "b", "input": name}]}), f"{name}.yaml")
        for name in ("one", "two")
    )
    runs.agents = failing(AgentFailed("no"), times=4)
    ids = [
        runs.told(file, "--var", f"k={k}")["session_id"] for k in "ab" for file in (first, second)
    ]
    assert runs.told(first, "--auto-resume")["session_id"] == ids[2]
    assert runs.told(first, "--auto-resume", "--var", "k=a")["session_id"] == ids[0]
    # None is left: it begins anew.
    fresh = runs.told(first, "--auto-resume")
    assert fresh["session_id"] not in ids
    assert fresh["exit_code"] == 0


def test_a_file_is_the_same_from_wherever_it_is_named(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = runs.write(flow("chain", {"steps": [{"agent": "b", "input": "x"}]}))
    runs.agents = failing(AgentFailed("no"))
    session = runs.told(file)["session_id"]
    (runs.folder / "below").mkdir()
    monkeypatch.chdir(runs.folder / "below")
    assert runs.told(f"../{file}", "--auto-resume")["session_id"] == session


def test_what_was_cut_short_is_listed_as_failed(runs: LocalRuns) -> None:
    runs.agents = failing(AgentFailed("no"))
    session = runs.told(runs.write(flow("chain", CHAIN)))["session_id"]
    (folder,) = runs.sessions()
    about = json.loads((folder / "session.json").read_text()) | {"status": "running", "error": None}
    (folder / "session.json").write_text(json.dumps(about))
    listed = json.loads(runs("sessions", "list", "--status", "failed", "--json").stdout)
    assert [one["error"] for one in listed["sessions"]] == ["it was cut short"]
    with (folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert session in runs("sessions", "list", "--status", "running").stdout
        assert runs("sessions", "cleanup", "--max-age-days", "0", "--force").stdout[0] == "0"


def test_sessions_are_deleted_when_that_is_meant(runs: LocalRuns) -> None:
    file = runs.write(flow("chain", CHAIN))
    done = runs.told(file)["session_id"]
    runs.agents = failing(AgentFailed("no"))
    failed = runs.told(file)["session_id"]
    assert runs("sessions", "delete", done).exit_code == 2
    assert runs("sessions", "cleanup").stdout == "0 sessions deleted.\n"
    for name, age_s in ((".new-1", 4000), (".new-2", 0)):
        left = runs.sessions()[0].parent / name
        left.mkdir()
        os.utime(left, (time.time() - age_s,) * 2)
    told = runs(
        "sessions", "cleanup", "--max-age-days", "0", "--keep-completed", "--force", "--json"
    )
    assert json.loads(told.stdout) == {"deleted": [failed]}
    assert {one.name for one in runs.sessions()[0].parent.iterdir()} == {done, ".new-2"}
    assert runs("sessions", "delete", done, "--force").exit_code == 0
    assert runs("sessions", "list").stdout == "There are none.\n"


def test_without_a_session_nothing_is_kept(runs: LocalRuns) -> None:
    runs.agents = failing(AgentFailed("no"))
    done = runs("run", runs.write(flow("chain", CHAIN)), "--no-save-session")
    assert done.exit_code == 10
    assert "--resume" not in done.stderr
    assert not (runs.folder / "data").exists()


def test_a_folder_that_cannot_be_written_to_is_12(
    runs: LocalRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs.folder / "data").write_text("a file")
    told = runs.told(runs.write(flow("chain", CHAIN)))
    assert told["exit_code"] == 12
    assert "--no-save-session" in told["error"]
    assert calls(runs) == []


def test_what_a_model_says_moves_no_cursor(runs: LocalRuns) -> None:
    runs.agents = MemoryAgents({"b": lambda _: "a\x1b]0;title\x07b\r"})
    done = CliRunner().invoke(tradewind, ["run", runs.write(flow("chain", CHAIN))])
    assert done.stdout == "a]0;titleb\n"
