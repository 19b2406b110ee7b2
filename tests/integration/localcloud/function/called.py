"""Stands in for the workflow Lambda: answers one call, notes it, and may be a danger to others."""

import os
import signal
import time
from pathlib import Path
from typing import Any

#: The fifth failure in a row ends an execution, and each hunt may be one.
MOST_HUNTS = 4


def handler(event: dict[str, Any], _context: Any) -> Any:
    """Answer a call as its run's folder says; or hunt."""
    if "hunt" in event:
        return _hunt()
    call = event["workflow_call"]
    folder = Path(os.environ["FOLDER"], call["run_id"])
    with (folder / "calls").open("a") as calls:
        calls.write(f"{call['key']} #{call['attempt']}\n")
    if (folder / "kill-callers").exists() and _one_of(folder, MOST_HUNTS):
        with (folder / "killed").open("a") as killed:
            killed.write("x" * _hunt())
    hanging = folder / "hang"
    if hanging.exists() and hanging.read_text() == call["key"]:
        hanging.unlink()
        partial = folder / "pid.partial"
        partial.write_text(str(os.getpid()))
        partial.rename(folder / "pid")
        time.sleep(600)
    text = '{"score": 50}' if call["agent"] == "critic" else f"{call['agent']}({call['input']})"
    return {"workflow_reply": {"text": text, "input_tokens": 1, "output_tokens": 1}}


def _one_of(folder: Path, most: int) -> bool:
    """Whether fewer than ``most`` have asked; several may at once."""
    for number in range(most):
        try:
            (folder / f"hunt-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False


def _hunt() -> int:
    """Kill the processes of the caller, a function whose name no other test has."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={os.environ['CALLER']}".encode()
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except OSError:  # it is gone, or somebody else's
            continue
    return killed
