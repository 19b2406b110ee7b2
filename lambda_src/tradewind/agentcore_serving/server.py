"""The server that AgentCore Runtime asks: one port, until the process is told to end."""

import logging
import signal
import sys
from types import FrameType
from typing import Any, Final

import uvicorn

from tradewind.agentcore_serving.desk import Desk

#: What is waited for a cancelled request at the end: to answer, and to write its record.
_PATIENCE_S: Final = 10
#: AWS's own logger: it repeats exceptions' words, in a handler of its own.
_AWS_LOGGER: Final = "bedrock_agentcore.app"


def log_to_stdout() -> None:
    """Give libraries' lines a way out, before anybody takes the words from them."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.WARNING, format="%(levelname)s %(message)s"
    )
    # One that has a handler gets no other, and its lines go to the root's.
    logging.getLogger(_AWS_LOGGER).addHandler(logging.NullHandler())


class _Server(uvicorn.Server):
    """Ends the work first when the process is told to end: nobody could be answered after it."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Cancel what is at work; its caller is told, and then the server ends."""
        self._desk.close()
        super().handle_exit(sig, frame)


def serve(app: Any, desk: Desk, *, host: str, port: int) -> None:
    """Serve until a signal, and what was at work until then.

    Args:
        app: An ASGI application.
        desk: Does its work.
        host: Where it listens.
        port: The port that AgentCore asks.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",
        http="h11",
        # Lines of its own are taken the words from, as everybody's; a line per ping is no use.
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    # The server raises the signal again when it is done: the process ends by itself.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _Server(config, desk).run()
    desk.close()
    desk.wait_until_free(_PATIENCE_S)
