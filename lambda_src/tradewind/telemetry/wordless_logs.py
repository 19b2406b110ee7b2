"""What libraries and Python itself write to the log, without its words.

Only this package's own lines are known to hold no word of a request. A library's warning, an
event loop's lost task or what ends a thread may repeat a prompt, an answer or a tool's arguments.
Of each is kept who said it and where, and the kinds and places of the exceptions in it.
"""

import logging
import sys
import threading
from typing import Final

from tradewind.telemetry.defects import describe_causes, log_defect
from tradewind.telemetry.logger import get_logger

#: What a line keeps. Anything else in it, such as a logger's extra fields, may be words.
_KEPT: Final = (
    "created",
    "msecs",
    "relativeCreated",
    "process",
    "processName",
    "thread",
    "threadName",
    "taskName",
    "aws_request_id",
)


class WordlessLines(logging.Filter):
    """Takes the words out of lines that are not this package's own."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record to handle in place of ``record``."""
        if record.name == get_logger().name:
            return record
        said = [
            f"A line of {record.name} whose words are left out, from {record.funcName} in "
            f"{record.filename}:{record.lineno}"
        ]
        if record.exc_info and record.exc_info[1] is not None:
            said += describe_causes(record.exc_info[1])
        wordless = logging.LogRecord(
            record.name,
            record.levelno,
            record.pathname,
            record.lineno,
            "\n".join(said),
            None,
            None,
            record.funcName,
        )
        wordless.__dict__.update(
            {name: record.__dict__[name] for name in _KEPT if name in record.__dict__}
        )
        return wordless


def keep_words_out_of_logs() -> None:
    """Do so from now on, for what the process's handlers of log lines are by now.

    They also leave out what is below the logger's level.

    Warnings become log lines; what ends a thread or a finalizer is logged as a defect.
    """
    logging.captureWarnings(True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(WordlessLines())
        # Lambda's own level may be lower: it must let lines of metrics through.
        handler.setLevel(get_logger().log_level)
    threading.excepthook = _log_end_of_thread
    sys.unraisablehook = _log_unraisable


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        log_defect("An error ended a thread", ended.exc_value)


def _log_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    if unraisable.exc_value is not None:
        log_defect("An error that nobody could be told of", unraisable.exc_value)
