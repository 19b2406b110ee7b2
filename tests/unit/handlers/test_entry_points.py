"""What every entry point sets up before its first event."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LAMBDA_SRC = Path(__file__).parents[3] / "lambda_src"

#: As Lambda's runtime does it: its handler of log lines is there before ours is imported.
SPEAK = """
import importlib, logging, sys, threading
logging.basicConfig()
importlib.import_module(sys.argv[1])
logging.getLogger("a.library").warning("prompt of jane.doe")
thread = threading.Thread(target=lambda: {}["prompt of jane.doe"])
thread.start()
thread.join()
"""


@pytest.mark.parametrize("entry", ["agent", "probe", "sweep"])
def test_no_word_of_a_library_or_of_a_thread_is_printed(
    entry: str, tmp_path: Path, agent_variables: dict[str, str]
) -> None:
    folder = tmp_path / "agents" / "probe"
    folder.mkdir(parents=True)
    (tmp_path / "agents" / "__init__.py").touch()
    (folder / "agent.py").write_text("DEFINITION = None\n")
    variables = agent_variables | {
        "TRADEWIND_AGENT": "probe",
        "TRADEWIND_VERSIONS": "{}",
        "PYTHONPATH": f"{tmp_path}:{LAMBDA_SRC}",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SPEAK, f"tradewind.handlers.{entry}"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "a.library" in done.stderr
    assert "An error ended a thread" in done.stdout
    assert "jane" not in done.stdout + done.stderr
