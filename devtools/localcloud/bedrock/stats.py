"""What went over the wire, counted."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: Details are kept of this many connections; the totals count all of them.
_REMEMBERED_CONNECTIONS = 1000


@dataclass(frozen=True)
class Traffic:
    """The part of the traffic that belongs to one role or one model.

    Attributes:
        connections: Different connections that carried at least one of its requests.
        requests: Requests with a valid signature.
    """

    connections: int
    requests: int


@dataclass(frozen=True)
class ConnectionStats:
    """One connection.

    Attributes:
        requests: Requests it carried since the last reset.
        bytes_received: HTTP bytes over its life, TLS not included.
        bytes_sent: HTTP bytes over its life, TLS not included.
        open: Whether it is still there.
    """

    number: int
    requests: int
    roles: list[str]
    models: list[str]
    bytes_received: int
    bytes_sent: int
    open: bool


@dataclass(frozen=True)
class Stats:
    """The model traffic since the start, or since the last reset.

    Attributes:
        connections_opened: TCP connections accepted, whether or not TLS came about.
        connections_open: Those open right now, also when opened before the reset.
        handshakes_failed: Connections that never spoke TLS, or did not trust the certificate.
        requests: HTTP requests of every kind, refused ones too.
        statuses: How many were answered with which HTTP status.
        faults: How many requests met which fault.
        roles: Traffic by role ARN.
        models: Traffic by model id, as the callers spelled it.
        connections: Each connection, oldest first.
    """

    connections_opened: int
    connections_open: int
    handshakes_failed: int
    requests: int
    bytes_received: int
    bytes_sent: int
    statuses: Mapping[str, int]
    faults: Mapping[str, int]
    roles: Mapping[str, Traffic]
    models: Mapping[str, Traffic]
    connections: list[ConnectionStats]

    def to_json(self) -> dict[str, Any]:
        """The statistics as the admin API sends them."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Stats":
        """Read what the admin API sent."""
        return cls(
            **{
                **value,
                "roles": {name: Traffic(**entry) for name, entry in value["roles"].items()},
                "models": {name: Traffic(**entry) for name, entry in value["models"].items()},
                "connections": [ConnectionStats(**entry) for entry in value["connections"]],
            }
        )


@dataclass(eq=False)
class _Connection:
    number: int
    open: bool = True
    requests: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    roles: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)

    def snapshot(self) -> ConnectionStats:
        return ConnectionStats(
            number=self.number,
            requests=self.requests,
            roles=sorted(self.roles),
            models=sorted(self.models),
            bytes_received=self.bytes_received,
            bytes_sent=self.bytes_sent,
            open=self.open,
        )


@dataclass
class _Totals:
    connections_opened: int = 0
    handshakes_failed: int = 0
    requests: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    role_connections: Counter[str] = field(default_factory=Counter)
    role_requests: Counter[str] = field(default_factory=Counter)
    model_connections: Counter[str] = field(default_factory=Counter)
    model_requests: Counter[str] = field(default_factory=Counter)


class Counters:
    """Counts while the server serves. Safe to read and reset from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_number = 1
        self._open: dict[int, _Connection] = {}
        self._recent: deque[_Connection] = deque(maxlen=_REMEMBERED_CONNECTIONS)
        self._totals = _Totals()

    def connection_opened(self) -> int:
        """Count a connection and return its number."""
        with self._lock:
            connection = _Connection(self._next_number)
            self._next_number += 1
            self._open[connection.number] = connection
            self._recent.append(connection)
            self._totals.connections_opened += 1
            return connection.number

    def connection_closed(self, number: int) -> None:
        """Note the end of a connection."""
        with self._lock:
            self._open.pop(number).open = False

    def handshake_failed(self) -> None:
        """Count a connection on which no TLS session came about."""
        with self._lock:
            self._totals.handshakes_failed += 1

    def bytes_moved(self, number: int, *, received: int, sent: int) -> None:
        """Count bytes of a connection."""
        with self._lock:
            connection = self._open[number]
            connection.bytes_received += received
            connection.bytes_sent += sent
            self._totals.bytes_received += received
            self._totals.bytes_sent += sent

    def request_received(self, number: int) -> None:
        """Count a request, whoever sent it."""
        with self._lock:
            self._open[number].requests += 1
            self._totals.requests += 1

    def request_authenticated(self, number: int, *, role: str, model: str) -> None:
        """Count a request for the role that signed it and the model it names."""
        with self._lock:
            connection, totals = self._open[number], self._totals
            totals.role_connections[role] += not connection.roles[role]
            totals.model_connections[model] += not connection.models[model]
            connection.roles[role] += 1
            connection.models[model] += 1
            totals.role_requests[role] += 1
            totals.model_requests[model] += 1

    def answered(self, status: int) -> None:
        """Count a response's status."""
        with self._lock:
            self._totals.statuses[str(status)] += 1

    def fault_served(self, kind: str) -> None:
        """Count a fault that a request met."""
        with self._lock:
            self._totals.faults[kind] += 1

    def reset(self) -> None:
        """Start counting anew. Connections that are open stay, with no requests yet."""
        with self._lock:
            self._totals = _Totals()
            self._recent.clear()
            for number, connection in list(self._open.items()):
                self._open[number] = _Connection(connection.number)
                self._recent.append(self._open[number])

    def snapshot(self) -> Stats:
        """The counts right now."""
        with self._lock:
            totals = self._totals
            return Stats(
                connections_opened=totals.connections_opened,
                connections_open=len(self._open),
                handshakes_failed=totals.handshakes_failed,
                requests=totals.requests,
                bytes_received=totals.bytes_received,
                bytes_sent=totals.bytes_sent,
                statuses=dict(totals.statuses),
                faults=dict(totals.faults),
                roles=_traffic(totals.role_connections, totals.role_requests),
                models=_traffic(totals.model_connections, totals.model_requests),
                connections=[connection.snapshot() for connection in self._recent],
            )


def _traffic(connections: Counter[str], requests: Counter[str]) -> dict[str, Traffic]:
    return {name: Traffic(connections[name], requests[name]) for name in sorted(requests)}
