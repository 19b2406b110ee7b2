"""The file to which each call of an agent adds what it did, and from which the next ones read.

A note is one line, added with one write: calls at the same time do not mix, and what a model says
cannot be taken for a note of another's.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import InvalidRun
from tradewind.workflow.spec.model import Notes as NotesSpec
from tradewind.workflow.spec.problem import quoted
from tradewind.workflow_agents.tools.folder import Folder, parts_of
from tradewind.workflow_agents.tools.tool import ToolRefused

_LONGEST_TEXT: Final = 500

_log = logging.getLogger(__name__)


class Notes:
    """The notes of a run.

    Args:
        spec: What the file says of them.
        root: What their path is relative to.
        hide: Takes out of a text what may not be kept.
        now: The time.

    Raises:
        InvalidRun: The path leads out of the folder.
    """

    def __init__(
        self,
        spec: NotesSpec,
        root: Path,
        hide: Callable[[str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        try:
            fault = None if parts_of(spec.file) else "That is a folder."
        except ToolRefused as error:
            fault = str(error)
        if fault is not None:
            raise InvalidRun(f"context_policy.notes.file: {quoted(spec.file)}: {fault}")
        self._spec = spec
        self._folder = Folder(root)
        self._hide = hide
        self._now = now

    def last(self) -> str:
        """The last notes, for a system prompt; empty if there are none."""
        try:
            lines = self._folder.read_end(self._spec.file)
        except ToolRefused:
            return ""
        kept = [line for line in lines if line.startswith(("- ", "{"))][-self._spec.include_last :]
        return "\n".join(["Notes of the last steps:", *kept]) if kept else ""

    def add(self, call: AgentCall, outcome: AgentReply | Exception, tools: Iterable[str]) -> None:
        """Add a note. One that cannot be written is logged, and nothing else."""
        try:
            self._folder.add_line(self._spec.file, self._line(call, outcome, tools))
        except (ToolRefused, OSError) as error:
            reason = error if isinstance(error, ToolRefused) else os.strerror(error.errno or 0)
            _log.warning("A note of the step %s cannot be written: %s", call.key, reason)

    def _line(self, call: AgentCall, outcome: AgentReply | Exception, tools: Iterable[str]) -> str:
        note: dict[str, Any] = {
            "time": self._now().isoformat(timespec="seconds"),
            "agent": call.agent,
            "step": call.key,
            "input": self._short(call.input),
            "tools": list(dict.fromkeys(tools)),
            "outcome": self._short(outcome.text)
            if isinstance(outcome, AgentReply)
            else f"failed: {self._short(str(outcome)) or type(outcome).__name__}",
        }
        if self._spec.format == "json":
            return json.dumps(note, ensure_ascii=False)
        tools_used = ", ".join(note["tools"]) or "none"
        return (
            f"- {note['time']} **{call.agent}** ({call.key}) was asked: {note['input']} "
            f"Tools: {tools_used}. Outcome: {note['outcome']}"
        )

    def _short(self, text: str) -> str:
        # Hidden first: half of a secret would be known to no one.
        line = " ".join(self._hide(text).split())
        return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}..."
