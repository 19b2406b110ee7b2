"""Killed before any write, or in the middle of one, a run goes on to the undisturbed run's end."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.workflow.journal import read
from tests.unit.cli.workflow.local_runs import Killed, LocalRuns, MortalDisk, flow
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.memory_agents import MemoryAgents

HITL = {"type": "hitl", "prompt": "Go on?"}
OUTPUTS = {
    "artifacts": [
        {"path": "one.md", "from": "{{ last_response }} at {{ timestamp }}"},
        {"path": "deep/two.json", "from": "{{ TRACE }}{{ cumulative_tokens }}"},
    ]
}
FLOWS: dict[str, dict[str, Any]] = {
    "chain": flow(
        "chain",
        {"steps": [{"agent": "a", "input": "1"}, HITL, {"agent": "b", "input": "{{ steps }}"}]},
        outputs=OUTPUTS,
        context_policy={"compaction": {"enabled": True}},
    ),
    "dag": flow(
        "workflow",
        {
            "tasks": [
                {"id": "x", "agent": "a", "input": "x"},
                {"id": "y", "agent": "b", "input": "y"},
                {"id": "z", "agent": "c", "deps": ["x", "y"], "input": "{{ tasks.y.response }}!"},
            ]
        },
        outputs=OUTPUTS,
    ),
    "evaluator": flow(
        "evaluator_optimizer",
        {
            "producer": "a",
            "evaluator": {"agent": "b", "input": "{{ draft }}"},
            "accept": {"min_score": 80, "max_iters": 3},
            "revise_prompt": "again, {{ iteration }}",
            "review_gate": HITL,
        },
    ),
}


def answers() -> MemoryAgents:
    """Agents whose answers hang on what they are asked alone, as the runs' results do, then."""
    score = {"You are a.": 50, "again, 1": 90}

    def evaluated(call: AgentCall) -> str:
        return f'{{"score": {score.get(call.input, 70)}}}' if call.input in score else call.input

    return MemoryAgents({"b": evaluated})


def driven(runs: LocalRuns, file: str, *, last: float | None) -> tuple[str, bool]:
    """Run to the end, killed at most once; the result, and whether it was killed."""
    runs.disk = MortalDisk()
    runs.disk.last = last
    killed = False
    done_before: set[str] = set()
    for _ in range(8):
        agents = runs.agents = answers()
        arguments = [file]
        if sessions := runs.sessions():
            (session,) = sessions
            state, _ = read((session / "state.jsonl").read_bytes())
            done_before = set(state.done)
            arguments = ["--resume", session.name]
            arguments += ["--hitl-response", "yes"] if state.paused else []
        try:
            told = runs.told(*arguments)
        except Killed:
            assert not killed
            killed = True
            runs.disk = MortalDisk()
            told = {"exit_code": None}
        again = [call.key for call in agents.calls if call.key in done_before]
        assert not again, f"run again: {again}"
        assert max(Counter(call.key for call in agents.calls).values(), default=1) == 1
        assert runs.open_ones == 0
        if told["exit_code"] == 17:
            # Killed after it had said that it is completed.
            assert told["error"].endswith("is completed")
            return "completed", killed
        if told["exit_code"] == 0:
            return told["result"], killed
        assert told["exit_code"] in (None, 19)
    raise AssertionError("it never ended")


@pytest.mark.parametrize("name", FLOWS)
def test_killed_anywhere_it_goes_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "undisturbed").mkdir()
    undisturbed = LocalRuns(tmp_path / "undisturbed", monkeypatch)
    result, _ = driven(undisturbed, undisturbed.write(FLOWS[name]), last=None)
    operations = undisturbed.disk.operations
    assert operations > 15
    for half in range(2, 2 * operations + 1):
        folder = tmp_path / str(half)
        folder.mkdir()
        runs = LocalRuns(folder, monkeypatch)
        told, killed = driven(runs, runs.write(FLOWS[name]), last=half / 2)
        assert killed
        assert told in (result, "completed")
        (session,) = runs.sessions()
        assert '"status": "completed"' in (session / "session.json").read_text()
        if "outputs" in FLOWS[name]:
            names = sorted(path.name for path in (folder / "artifacts").rglob("*.*"))
            assert [name for name in names if name[0] != "."] == ["one.md", "two.json"]
