"""Python that a model wrote, in a process that can reach nothing (see `confined`)."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from pydantic import Field

from tradewind.workflow_agents import confined
from tradewind.workflow_agents.availability import PYTHON
from tradewind.workflow_agents.tools.tool import Arguments, Calls, ToolRefused, WorkflowTool, tool

#: Of the clock, and of a processor.
_SECONDS: Final = 30
_MEGABYTES: Final = 512
_MOST_OUTPUT: Final = 100_000

#: Asks whoever started the run: for which tool, and a question that says for what.
Consent = Callable[[str, str], Awaitable[bool]]


class Code(Arguments):
    """A program."""

    code: str = Field(
        min_length=1,
        max_length=100_000,
        description="Python with its standard library; what it prints is the result.",
    )


async def consented(_tool: str, _question: str) -> bool:
    """Consent, given once for the whole run."""
    return True


def python_tool(calls: Calls, consent: Consent | None) -> WorkflowTool:
    """The tool.

    Args:
        calls: Makes its calls.
        consent: Asked before each; None where there is nobody to ask.
    """

    async def run(arguments: Code) -> str:
        question = f"Run this Python?\n\n{arguments.code}"
        if consent is None or not await consent(PYTHON, question):
            raise ToolRefused("Nobody has consented to running Python in this run.")
        return await run_confined(arguments.code)

    return tool(
        PYTHON,
        "Runs Python in an empty folder, without the network, other programs or other files, for "
        f"at most {_SECONDS} seconds. The result is what it prints.",
        Code,
        calls,
        run,
    )


async def run_confined(code: str) -> str:
    """What a program prints.

    Raises:
        ToolRefused: It failed, or took too long; with what it had printed.
    """
    folder = tempfile.mkdtemp(prefix="python-exec-")
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-B", "-X", "utf8", confined.__file__, str(_SECONDS), str(_MEGABYTES)),
            cwd=folder,
            # None of ours: keys are in there.
            env={},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, is_late = await _communicated(process, code)
        finally:
            await _ended(process)
    finally:
        await asyncio.to_thread(_removed, folder)
    if is_late:
        raise ToolRefused(f"{output}\n[ended after {_SECONDS} seconds]".strip())
    if process.returncode:
        raise ToolRefused(f"{output}\n[ended with status {process.returncode}]".strip())
    return output


async def _communicated(process: asyncio.subprocess.Process, code: str) -> tuple[str, bool]:
    output = bytearray()
    is_late = False
    try:
        async with asyncio.timeout(_SECONDS):
            await asyncio.gather(_told(process, code), _heard(process, output))
            await process.wait()
    except TimeoutError:
        is_late = True
    text = bytes(output[:_MOST_OUTPUT]).decode("utf-8", errors="replace")
    return (f"{text}\n[cut]" if len(output) > _MOST_OUTPUT else text), is_late


async def _told(process: asyncio.subprocess.Process, code: str) -> None:
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(code.encode("utf-8", errors="replace"))
        await process.stdin.drain()
        process.stdin.close()


async def _heard(process: asyncio.subprocess.Process, output: bytearray) -> None:
    if process.stdout is None:
        return
    while chunk := await process.stdout.read(1 << 16):
        # The rest is heard and not kept, so that it does not wait for us.
        if len(output) <= _MOST_OUTPUT:
            output += chunk


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # It is killed: this takes no longer than that, whoever cancels us meanwhile.
    waiting = asyncio.ensure_future(process.wait())
    cancelled: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _removed(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
