"""What the log keeps of an unforeseen exception: where it came from, and not what it says.

The message of a foreign exception may repeat a prompt, an answer or a tool's arguments.
"""

import traceback

from tradewind.contracts.errors import causes_of
from tradewind.telemetry.logger import get_logger


def log_defect(message: str, error: BaseException) -> None:
    """Log an exception's types and places, causes included, as an error."""
    causes = []
    for cause in causes_of(error):
        frames = traceback.extract_tb(cause.__traceback__)
        places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        causes.append("\n".join([f"{type(cause).__module__}.{type(cause).__qualname__}", *places]))
    get_logger().error(message, error_causes=causes)
