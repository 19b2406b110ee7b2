"""The answers of runtimes, read as typed events, whatever their agents are written with.

An agent behind ``BedrockAgentCoreApp`` streams one JSON value per event; others stream words as
they are, name their events, or answer with one JSON value or a text.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tradewind.agentcore.calls import EVENT_STREAM, JSON
from tradewind.agentcore.events import SseEvent, SseParser
from tradewind.agentcore.limits import MAX_KEPT_BYTES
from tradewind.contracts.errors import RuntimeAnswerUnreadable
from tradewind.contracts.texts import all_well_formed, well_formed

JsonValue = Any


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the answer, in the order they are to be shown.

    Attributes:
        text: They; where it is streamed, a part.
        event: What the event that brought them is called; empty where it is not.
    """

    text: str
    event: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value that is not words alone.

    Attributes:
        data: It.
        event: What the event that brought it is called; empty where it is not.
    """

    data: JsonValue
    event: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The agent's word that it failed, in an answer that had begun well.

    Attributes:
        error: What it says is wrong.
        error_type: The kind of it; empty where it is not said.
        message: What it says besides.
    """

    error: str
    error_type: str = ""
    message: str = ""


RuntimeEvent = Text | Value


class AnswerReader(Protocol):
    """Reads one answer."""

    def feed(self, chunk: bytes) -> Iterator[RuntimeEvent | Failed]:
        """Yield what further bytes, cut anywhere, complete. To be read to its end.

        Raises:
            RuntimeAnswerUnreadable: They are not what the answer says it is.
        """

    def end(self) -> Iterator[RuntimeEvent | Failed]:
        """Yield what the end of the answer completes.

        Raises:
            RuntimeAnswerUnreadable: The answer is not what it says it is.
        """


def reader_for(content_type: str) -> AnswerReader:
    """What reads an answer of this kind.

    Raises:
        RuntimeAnswerUnreadable: Nothing here does.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == EVENT_STREAM:
        return _EventStream()
    if kind == JSON or _OTHER_JSON.fullmatch(kind):
        return _Json()
    if kind.startswith("text/"):
        return _PlainText()
    shown = ascii(kind[:_SHOWN_LENGTH])
    raise RuntimeAnswerUnreadable(f"The answer is {shown}: neither events, nor JSON, nor text.")


_OTHER_JSON: Final = re.compile(r"application/[^/;+]+\+json")
#: Of a kind that nobody foresaw, as much is repeated.
_SHOWN_LENGTH: Final = 64
#: What names an event that is a failure.
_ERROR_EVENT: Final = "error"
_JSON_SPACE: Final = " \t\n\r"
#: JSON that spells half of a surrogate pair has this; most has not, and need not be walked.
_SURROGATE: Final = re.compile(r"\\u[dD]")


class _EventStream:
    def __init__(self) -> None:
        self._parser = SseParser(MAX_KEPT_BYTES)

    def feed(self, chunk: bytes) -> Iterator[RuntimeEvent | Failed]:
        yield from map(_from_event, self._parser.feed(chunk))
        # What comes after these events and cannot be read is told now: nothing is waited for first.
        self._parser.require_readable()

    def end(self) -> Iterator[RuntimeEvent | Failed]:
        return map(_from_event, self._parser.end())


class _Json:
    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[RuntimeEvent | Failed]:
        self._size += len(chunk)
        if self._size > MAX_KEPT_BYTES:
            raise RuntimeAnswerUnreadable(
                f"The answer is longer than the {MAX_KEPT_BYTES} bytes of JSON that are taken."
            )
        self._chunks.append(chunk)
        return iter(())

    def end(self) -> Iterator[RuntimeEvent | Failed]:
        try:
            text = b"".join(self._chunks).decode("utf-8-sig")
            value = read_json(text)
        except ValueError as error:
            raise RuntimeAnswerUnreadable("The answer says it is JSON, and is not.") from error
        yield _from_value(value, "")


class _PlainText:
    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def feed(self, chunk: bytes) -> Iterator[RuntimeEvent | Failed]:
        return self._decode(chunk, final=False)

    def end(self) -> Iterator[RuntimeEvent | Failed]:
        return self._decode(b"", final=True)

    def _decode(self, chunk: bytes, *, final: bool) -> Iterator[RuntimeEvent | Failed]:
        failure: UnicodeDecodeError | None = None
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            failure, text = error, error.object[: error.start].decode("utf-8-sig")
        if text:
            yield Text(text)
        if failure is not None:
            raise RuntimeAnswerUnreadable("The answer is not UTF-8.") from failure


def _from_event(event: SseEvent) -> RuntimeEvent | Failed:
    try:
        value = read_json(event.data)
    except ValueError:
        value = event.data  # words as they are
    return _from_value(value, event.event)


def read_json(text: str) -> JsonValue:
    """Read one JSON value.

    Raises:
        ValueError: It is none.
        RuntimeAnswerUnreadable: It is nested deeper than can be read.
    """
    try:
        text = text.strip(_JSON_SPACE)
        value, end = _decoder.raw_decode(text)
        if end < len(text):
            raise ValueError("There is more than one value.")
        return all_well_formed(value) if _SURROGATE.search(text) else value
    except RecursionError as error:
        raise RuntimeAnswerUnreadable("The answer is nested too deeply.") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not of JSON.")


#: One for all: ``json.loads`` would make one for each text.
_decoder: Final = json.JSONDecoder(parse_constant=_refuse)


def _from_value(value: JsonValue, event: str) -> RuntimeEvent | Failed:
    failed = _failure_in(value, event)
    if failed is not None:
        return failed
    return Text(value, event) if isinstance(value, str) else Value(value, event)


def _failure_in(value: JsonValue, event: str) -> Failed | None:
    """The failure that a value tells of.

    ``BedrockAgentCoreApp`` says it with these two names together; one alone may be an answer's own.
    """
    if isinstance(value, dict) and "error_type" in value and value.get("error"):
        return Failed(*(_words(value.get(name)) for name in ("error", "error_type", "message")))
    if event == _ERROR_EVENT:
        fields = value if isinstance(value, dict) else {}
        return Failed(
            _words(fields.get("error") or fields.get("message") or value),
            _words(fields.get("error_type") or fields.get("code")),
            _words(fields.get("message")),
        )
    return None


def _words(value: JsonValue) -> str:
    if value is None:
        return ""
    return well_formed(value if isinstance(value, str) else json.dumps(value))
