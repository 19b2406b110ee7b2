"""What the saved queries and the dashboards look for in the logs.

Standard library only: the handlers log by these names and the stacks query by them.
"""

from enum import StrEnum
from typing import Final

#: The message of the one line that ends every request. It has the fields of ``outcome``,
#: ``error_code``, ``agent``, ``prompt_length`` in characters, ``session`` by a name that is not its
#: id, the answer's ``performance``, its tokens, cost and Bedrock's request ids.
REQUEST_DONE: Final = "Request done"

#: The message of the line that begins every call of a tool. It has the field ``tool``, its name.
TOOL_BEGINS: Final = "Tool begins"

#: The message of the one line that ends every sweep. It has the fields ``settled``, ``finished``,
#: ``failed`` and ``error_code``.
SWEEP_DONE: Final = "Sweep done"

#: The message of the one line that ends every probe of a new version. It has the fields ``passed``,
#: ``agent``, ``version``, ``deployment``, ``reason`` and ``error_code``.
PROBE_DONE: Final = "Probe done"

#: The message of the one line that ends every call of the API. It has the fields ``route``,
#: ``status``, ``error_code``, ``duration_ms`` and ``cold_start``.
API_CALL_DONE: Final = "API call done"


class Outcome(StrEnum):
    """How a request ended, in the field ``outcome`` of that line."""

    SUCCEEDED = "succeeded"
    #: The caller must mend it.
    REJECTED = "rejected"
    #: Stopped at the deadline with what there was.
    STOPPED = "stopped"
    FAILED = "failed"
    #: It asks a person, and goes on with the answer.
    WAITING = "waiting"
    #: Answered before; the answer was kept.
    REPEATED = "repeated"
