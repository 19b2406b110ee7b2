"""Counting and tuning the TCP connections that a botocore client really opens.

botocore has no hook for this. Its HTTP session keeps the urllib3 pool classes it uses in
``_pool_classes_by_scheme``; replacing them there is the narrowest way in. The integration tests
compare these counts with what a server sees on the wire.
"""

import socket
import time
from typing import Any, Final

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from tradewind.bedrock.meter import current_meter

# ``tcp_keepalive=True`` alone leaves Linux to probe after two hours, while NAT gateways and
# network load balancers forget a silent flow after 350 s: a long model call would then hang until
# its read timeout. Probe after 60 s, every 15 s, and give up after four.
_KEEPALIVE: Final = (
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
)


def _tune(sock: socket.socket) -> None:
    for level, option, value in _KEEPALIVE:
        if hasattr(socket, option):  # macOS spells TCP_KEEPIDLE otherwise
            sock.setsockopt(level, getattr(socket, option), value)


class _MeteredMixin:
    """Times ``connect`` and reports it to the request at work."""

    sock: Any

    def connect(self) -> None:
        started = time.perf_counter()
        super().connect()  # type: ignore[misc]  # the urllib3 connection this is mixed into
        _tune(self.sock)
        meter = current_meter.get()
        if meter is not None:
            meter.connection_opened((time.perf_counter() - started) * 1000)


# The stubs of botocore's own bases contradict each other.
class _MeteredHTTPConnection(_MeteredMixin, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _MeteredHTTPSConnection(_MeteredMixin, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _MeteredHTTPPool(AWSHTTPConnectionPool):
    ConnectionCls = _MeteredHTTPConnection


class _MeteredHTTPSPool(AWSHTTPSConnectionPool):
    ConnectionCls = _MeteredHTTPSConnection


def meter_connections(client: Any) -> None:
    """Make a botocore client's new connections count towards the request that opens them.

    Call it before the client's first request.
    """
    pools = client._endpoint.http_session._pool_classes_by_scheme
    pools.update(http=_MeteredHTTPPool, https=_MeteredHTTPSPool)
