"""``tradewind run`` on a real terminal, with a model that calls tools which need consent."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

from cli.cdk import PROJECT
from tests.integration.workflow_agents.model_server import ModelServer, Said
from tests.workflow_tools import children

ASKS = "[y/N/always] "
COMMAND = [sys.executable, "-m", "cli", "run", "flow.json", "--debug"]
_PATIENCE_S = 300


def read_to(terminal: int, word: str | None) -> str:
    """Read up to a word, or to the end."""
    said = ""
    while word is None or word not in said:
        assert select.select([terminal], [], [], _PATIENCE_S)[0], said
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        said += data.decode(errors="replace")
    return said


def test_a_person_is_asked_once_for_a_tool_and_ctrl_c_ends_the_run(tmp_path: Path) -> None:
    code = Said(tool="python_exec", given={"code": "print(6 * 7)"})
    write = Said(tool="file_write", given={"path": "kept.txt", "content": "changed"})
    (tmp_path / "kept.txt").write_text("as it was")
    before = children()
    with ModelServer(script=[code, Said(), code, Said(), write]) as server:
        (tmp_path / "flow.json").write_text(
            json.dumps(
                {
                    "version": 0,
                    "name": "flow",
                    "runtime": {"provider": "ollama", "host": server.url, "model_id": "m"},
                    "agents": {"a": {"prompt": "You are a."}},
                    "tools": {"python": ["python_exec", "file_write"]},
                    "pattern": {"type": "chain", "config": {"steps": [{"agent": "a"}] * 3}},
                }
            )
        )
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            # Makes the terminal the one that Ctrl-C is typed in.
            [str(shutil.which("setsid")), "--ctty", *COMMAND],
            cwd=tmp_path,
            env={
                "PATH": os.defpath,
                "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}",
                "XDG_DATA_HOME": str(tmp_path / "data"),
                "TERM": "xterm",
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            first = read_to(ours, ASKS)
            assert "python_exec asks: Run this Python?" in first
            assert "print(6 * 7)" in first
            os.write(ours, b"always\n")
            second = read_to(ours, ASKS)
            assert "python_exec asks" not in second
            assert "file_write asks: Change the file kept.txt?" in second
            os.write(ours, b"\x03")
            last = read_to(ours, None)
            assert process.wait() == 130, last
        os.close(ours)
        results = [
            one["content"]
            for request in server.requests
            for one in request.body["messages"]
            if one["role"] == "tool"
        ]
    assert [one.strip() for one in results] == ["42", "42"]
    assert (tmp_path / "kept.txt").read_text() == "as it was"
    (session,) = (tmp_path / "data" / "tradewind" / "sessions").iterdir()
    assert f"tradewind run --resume {session.name}" in last
    assert '"tool_clients": {}, "tool_calls": {"python": 3}' in last.replace("\r\n", "")
    # The cursor that was hidden is there again.
    whole = first + second + last
    assert whole.rfind("\x1b[?25h") > whole.rfind("\x1b[?25l")
    assert children() == before
