"""Counting."""

import json

from devtools.localcloud.bedrock.stats import Counters, Stats, Traffic


def busy() -> Counters:
    counters = Counters()
    first, second = counters.connection_opened(), counters.connection_opened()
    for number, role in ((first, "a"), (first, "a"), (second, "a"), (second, "b")):
        counters.request_received(number)
        counters.request_authenticated(number, role=role, model="m")
        counters.answered(200)
    counters.bytes_moved(first, received=10, sent=20)
    counters.fault_served("cut")
    counters.handshake_failed()
    counters.connection_closed(second)
    return counters


def test_traffic_by_role_and_model() -> None:
    stats = busy().snapshot()
    assert stats.roles == {"a": Traffic(connections=2, requests=3), "b": Traffic(1, 1)}
    assert stats.models == {"m": Traffic(2, 4)}
    assert (stats.connections_opened, stats.connections_open) == (2, 1)
    assert (stats.bytes_received, stats.bytes_sent) == (10, 20)
    assert [(c.requests, c.roles, c.open) for c in stats.connections] == [
        (2, ["a"], True),
        (2, ["a", "b"], False),
    ]


def test_a_reset_keeps_only_the_open_connections() -> None:
    counters = busy()
    counters.reset()
    counters.request_received(1)
    counters.request_authenticated(1, role="a", model="m")
    stats = counters.snapshot()
    assert (stats.connections_opened, stats.connections_open, stats.requests) == (0, 1, 1)
    assert stats.roles == {"a": Traffic(1, 1)}
    assert (stats.faults, stats.statuses, stats.handshakes_failed) == ({}, {}, 0)
    assert [each.number for each in stats.connections] == [1]


def test_details_are_kept_of_the_last_thousand_connections() -> None:
    counters = Counters()
    for _ in range(1001):
        counters.connection_closed(counters.connection_opened())
    stats = counters.snapshot()
    assert stats.connections_opened == 1001
    assert [stats.connections[0].number, stats.connections[-1].number] == [2, 1001]


def test_stats_survive_the_admin_api() -> None:
    stats = busy().snapshot()
    assert Stats.from_json(json.loads(json.dumps(stats.to_json()))) == stats
