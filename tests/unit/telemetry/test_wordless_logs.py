"""Lines of libraries and of Python itself are logged by who said them and where."""

import json
import os
import subprocess
import sys

#: A process of its own, set up as Lambda's runtime does it: the hooks are the interpreter's.
UNHANDLED = """
import asyncio, logging, threading, warnings
from concurrent.futures import Future
handler = logging.StreamHandler()
line = "%(levelname)s %(name)s %(message)s %(note)s"
handler.setFormatter(logging.Formatter(line, defaults={"note": ""}))
logging.getLogger().addHandler(handler)
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

WORDS = "prompt of jane.doe"

class Finalized:
    def __del__(self):
        raise ValueError(WORDS)

def end(_future=None):
    raise KeyError(WORDS)

async def lose():
    asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)

async def fail():
    raise LookupError(WORDS)

keep_words_out_of_logs()
thread = threading.Thread(target=end)
thread.start()
thread.join()
Finalized()
warnings.warn(WORDS)
logging.getLogger("a.library").warning("Could not answer %s", WORDS, extra={"note": WORDS})
future = Future()
future.add_done_callback(end)
future.set_result(None)
asyncio.run(lose())
logging.getLogger("a.library").info(WORDS)
"""


QUIET = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s")
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

keep_words_out_of_logs()
for log in (logging.getLogger("a.library"), get_logger()):
    log.warning("below")
    log.error("at it")
"""


def test_what_is_below_the_settings_level_is_not_written() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", QUIET],
        env={**os.environ, "POWERTOOLS_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr.splitlines() == ["ERROR"]
    assert [json.loads(line)["level"] for line in ended.stdout.splitlines()] == ["ERROR"]


def test_no_word_of_what_nobody_handles_and_of_libraries_is_logged() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", UNHANDLED], capture_output=True, text=True, check=True
    )
    assert "jane" not in ended.stdout + ended.stderr
    thread, finalizer = map(json.loads, ended.stdout.splitlines())
    assert thread["message"] == "An error ended a thread"
    assert thread["error_causes"][0].startswith("builtins.KeyError\n")
    assert finalizer["message"] == "An error that nobody could be told of"
    assert finalizer["error_causes"][0].startswith("builtins.ValueError\n")

    lines = [line for line in ended.stderr.splitlines() if " whose words are left out, " in line]
    assert [line.split()[:2] for line in lines] == [
        ["WARNING", "py.warnings"],
        ["WARNING", "a.library"],
        ["ERROR", "concurrent.futures"],
        ["ERROR", "asyncio"],
    ]
    assert "from <module> in <string>:" in lines[1]
    assert "builtins.KeyError" in ended.stderr
    assert "builtins.LookupError" in ended.stderr
