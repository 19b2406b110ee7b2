"""Python that a model wrote, in a real process that tries to get out of it."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.workflow_tools import children, loaded_with, open_files, other_tasks, use
from tradewind.workflow_agents import confined
from tradewind.workflow_agents.tools import open_tools, python_exec
from tradewind.workflow_agents.tools.python_exec import run_confined
from tradewind.workflow_agents.tools.tool import ToolRefused

pytestmark = pytest.mark.skipif(
    not confined.version(),
    reason="the tool is unsupported without Landlock",
)


def ran(code: str) -> str:
    return asyncio.run(run_confined(code))


def test_what_it_prints_is_the_result() -> None:
    code = """
import asyncio, json, random, re, statistics, threading
from datetime import datetime
from zoneinfo import ZoneInfo
open("a.txt", "w").write("kept for now")
threading.Thread(target=print, args=("thread",)).start()
async def main():
    await asyncio.sleep(0)
    print(json.dumps({"mean": statistics.mean([1, 2, 3]), "file": open("a.txt").read()}))
asyncio.run(main())
print(__name__, re.sub("a", "b", "a"), datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")))
"""
    printed = ran(code)
    assert '{"mean": 2, "file": "kept for now"}' in printed
    assert "__main__ b 2026-01-01 00:00:00+01:00" in printed


def test_it_cannot_reach_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process tries each way out, because a process takes time to start."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter-2222")
    monkeypatch.setenv("MY_KEY", "hunter-2222")
    attempts = {
        "a file": f"open({str(secret)!r}).read()",
        "a folder": f"os.listdir({str(tmp_path)!r})",
        "a file to write": f"open({str(tmp_path / 'new')!r}, 'w')",
        "accounts": "open('/etc/passwd').read()",
        "our environment": f"open('/proc/{os.getpid()}/environ').read()",
        "its parent's memory": f"open('/proc/{os.getpid()}/mem').read()",
        "its own processes": "os.listdir('/proc')",
        "a socket": "socket.socket()",
        "a local socket": "socket.socket(socket.AF_UNIX)",
        "a fork": "os.fork()",
        "a program": "subprocess.run(['true'])",
        "another program": "os.execv('/bin/true', ['true'])",
        "a signal": f"os.kill({os.getpid()}, 0)",
        "a limit": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
        "a link": f"os.symlink({str(secret)!r}, 'link')",
        "a hard link": f"os.link({str(secret)!r}, 'link')",
        "the folder around": "os.listdir('..')",
        "more memory": "bytes(1 << 30)",
    }
    code = "import os, resource, socket, subprocess\n" + "\n".join(
        f"try:\n    print('GOT', {name!r}, {attempt})\nexcept (OSError, MemoryError) as no:\n"
        f"    print('no', {name!r}, type(no).__name__)"
        for name, attempt in attempts.items()
    )
    printed = ran(code + "\nprint(dict(os.environ))").splitlines()
    assert [line for line in printed if not line.startswith("no ")] == ["{'LC_CTYPE': 'C.UTF-8'}"]
    assert len(printed) == len(attempts) + 1
    assert not (tmp_path / "new").exists()


def test_its_errors_are_its_own() -> None:
    with pytest.raises(ToolRefused) as failed:
        ran("print('before')\n\ndef f():\n    return 1 / 0\nf()")
    told = str(failed.value)
    assert "before" in told
    assert 'File "code", line 4, in f' in told
    assert "ZeroDivisionError" in told
    assert "confined.py" not in told


def test_its_status_counts() -> None:
    with pytest.raises(ToolRefused, match="ended with status 3"):
        ran("import sys; sys.exit(3)")
    with pytest.raises(ToolRefused, match="SyntaxError"):
        ran("def")


def test_its_time_and_output_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    before = children(), set(Path("/tmp").glob("python-exec-*"))  # noqa: S108  its default
    printed = ran("import sys\nfor _ in range(5000): sys.stdout.write('x' * 1000)")
    assert len(printed) < 100_100
    assert printed.endswith("[cut]")
    monkeypatch.setattr(python_exec, "_SECONDS", 1)
    with pytest.raises(ToolRefused, match="ended after 1 seconds"):
        ran("import time\ntime.sleep(1000)")
    assert (children(), set(Path("/tmp").glob("python-exec-*"))) == before  # noqa: S108


def test_cancelled_it_is_ended() -> None:
    async def run() -> None:
        before, processes = open_files(), children()
        running = asyncio.create_task(run_confined("while True: pass"))
        while children() == processes:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert children() == processes
        assert other_tasks() == set()
        assert {one for one in open_files() - before if one.startswith("pipe")} == set()

    asyncio.run(run())


async def _asked(folder: Path, **options: Any) -> tuple[str, str]:
    loaded = loaded_with(folder, tools={"python": ["python_exec"]})
    async with open_tools(loaded, run_id="r", root=folder, **options) as tools:
        return await use(tools, "python_exec", {"code": "print(6 * 7)"})


def test_it_runs_with_consent_alone(tmp_path: Path) -> None:
    asked: list[str] = []

    async def no(tool: str, question: str) -> bool:
        assert tool == "python_exec"
        asked.append(question)
        return False

    async def yes(tool: str, question: str) -> bool:
        return not await no(tool, question)

    for allow in (None, no):
        status, text = asyncio.run(_asked(tmp_path, environ={}, allow=allow))
        assert (status, "Nobody has consented" in text) == ("error", True)
    assert asyncio.run(_asked(tmp_path, environ={}, allow=yes)) == ("success", "42\n")
    assert all("print(6 * 7)" in question for question in asked)
    environ = {"BYPASS_TOOL_CONSENT": "true"}
    assert asyncio.run(_asked(tmp_path, environ=environ)) == ("success", "42\n")
    assert len(asked) == 2
