"""The admin API steers the stand-in from outside, and is no model traffic."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind, StandInAdmin
from tests.integration.bedrock_standin.calls import ask


@pytest.fixture
def admin(standin: BedrockStandIn) -> StandInAdmin:
    return StandInAdmin(standin.admin_url)


def test_the_counts_are_the_same_from_outside(
    standin: BedrockStandIn, admin: StandInAdmin, client: Any
) -> None:
    ask(client)
    ask(client)
    counted = admin.stats()
    assert counted.requests == 2
    assert counted.connections_opened == 1
    assert counted == standin.stats()
    admin.reset()
    assert admin.stats().requests == 0


def test_faults_are_injected_and_cleared(
    standin: BedrockStandIn, admin: StandInAdmin, client: Any
) -> None:
    admin.inject(Fault(FaultKind.THROTTLED, role="agent"), Fault(FaultKind.INTERNAL, count=None))
    with pytest.raises(client.exceptions.ThrottlingException):
        ask(client)
    with pytest.raises(client.exceptions.InternalServerException):
        ask(client)
    admin.clear()
    ask(client)
    assert standin.stats().faults == {"throttled": 1, "internal": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/faults", b"{", 400),
        ("POST", "/faults", b'{"kind": "cut"}', 400),
        ("POST", "/faults", b'[{"kind": "surprise"}]', 400),
        ("PUT", "/faults", b"[]", 404),
        ("GET", "/", None, 404),
    ],
)
def test_what_it_cannot_do_it_refuses(
    standin: BedrockStandIn, method: str, path: str, body: bytes | None, status: int
) -> None:
    request = Request(standin.admin_url + path, data=body, method=method)  # noqa: S310
    with pytest.raises(HTTPError) as refused, urlopen(request):  # noqa: S310
        pass
    with refused.value as answer:
        assert answer.code == status
        assert json.load(answer)["error"]
