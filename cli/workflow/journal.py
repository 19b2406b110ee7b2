"""A run's state as lines that are only added: a step costs its own size, however long the run.

A line is whole or not there: its checksum says so. The last one may have been cut short by what
ended the process, and is passed over then; any other that is not whole means a broken file.
"""

import json
import zlib
from dataclasses import asdict
from typing import Any, Final, TypeVar

from tradewind.workflow.engine.state import Pause, Spent, State

_CHECKSUM: Final = 8
_Value = TypeVar("_Value")


class Broken(ValueError):
    """What is kept is not what was written."""


class Noted(dict[str, _Value]):
    """A mapping that knows which of its keys were set, or taken out, since it was last asked."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._changed: dict[str, None] = {}

    def __setitem__(self, key: str, value: _Value) -> None:
        super().__setitem__(key, value)
        self._changed[key] = None

    def pop(self, key: str, *default: Any) -> Any:
        """Take a key out."""
        self._changed[key] = None
        return super().pop(key, *default)

    def changed(self) -> dict[str, _Value | None]:
        """What was set since the last time; None is what was taken out."""
        changed = {key: self.get(key) for key in self._changed}
        self._changed.clear()
        return changed


class Journal:
    """Turns what is new in a state into lines.

    Args:
        state: The state; its mappings are replaced by such as note what is set in them.
    """

    def __init__(self, state: State) -> None:
        self._done: Noted[Any] = Noted(state.done)
        self._conversations: Noted[Any] = Noted(state.conversations)
        self._kept = {name: _copied(one) for name, one in state.conversations.items()}
        state.done, state.conversations = self._done, self._conversations

    def line(self, state: State) -> bytes:
        """What happened since the last line."""
        entry: dict[str, Any] = {"spent": asdict(state.spent)}
        if done := self._done.changed():
            entry["done"] = done
        if changed := self._conversations.changed():
            entry["conversations"] = {
                name: self._addition(name, history) for name, history in changed.items()
            }
        if state.paused is not None:
            entry["paused"] = asdict(state.paused)
        text = json.dumps(entry, separators=(",", ":")).encode()
        return b"%08x %s\n" % (zlib.crc32(text), text)

    def _addition(self, name: str, history: Any) -> list[Any]:
        """A conversation, each list in it without what is kept already."""
        before, self._kept[name] = self._kept.get(name), _copied(history)
        if isinstance(before, dict) and isinstance(history, dict):
            return ["fields", {key: _grown(before.get(key), history[key]) for key in history}]
        return ["value", history]


def _copied(history: Any) -> Any:
    """A conversation that does not grow when the agent's list of it does."""
    if not isinstance(history, dict):
        return history
    return {key: [*value] if isinstance(value, list) else value for key, value in history.items()}


def _grown(before: Any, now: Any) -> list[Any]:
    """A value as how much of it is kept already, and what comes after."""
    if isinstance(before, list) and isinstance(now, list):
        number = len(before)
        if now[:number] == before:
            return [number, now[number:]]
    return [None, now]


def read(content: bytes) -> tuple[State, int]:
    """The state that lines make, and how many bytes of them are whole.

    Raises:
        Broken: They make none.
    """
    state, length = State(), 0
    while length < len(content):
        end = content.find(b"\n", length)
        entry = _entry(content[length:end]) if end >= 0 else None
        if entry is None:
            if 0 <= end < len(content) - 1:
                raise Broken("a line of its state is not whole")
            break
        try:
            _apply(entry, state)
        except (KeyError, TypeError, ValueError) as wrong:
            raise Broken(f"a line of its state is none: {wrong}") from None
        length = end + 1
    return state, length


def _entry(line: bytes) -> Any:
    text = line[_CHECKSUM + 1 :]
    if line[: _CHECKSUM + 1] != b"%08x " % zlib.crc32(text):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _apply(entry: dict[str, Any], state: State) -> None:
    state.spent = Spent(**entry["spent"])
    for key, record in entry.get("done", {}).items():
        if record is None:
            state.done.pop(key, None)
        else:
            state.done[key] = record
    for name, (kind, value) in entry.get("conversations", {}).items():
        if kind == "value":
            state.conversations[name] = value
            continue
        before = state.conversations[name]
        state.conversations[name] = {
            key: added if number is None else _with(before[key], number, added)
            for key, (number, added) in value.items()
        }
    paused = entry.get("paused")
    state.paused = (
        None if paused is None else Pause(**{**paused, "choices": tuple(paused["choices"])})
    )


def _with(kept: list[Any], number: int, added: list[Any]) -> list[Any]:
    kept[number:] = added
    return kept
