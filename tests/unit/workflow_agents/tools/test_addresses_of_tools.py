"""Where tools may go, whatever a model writes and a name resolves to."""

import asyncio
from typing import Any

import httpcore2
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.workflow.spec.addresses import (
    fault_of_address,
    fault_of_server_address,
    fault_of_server_url,
)
from tradewind.workflow.spec.tools import HttpExecutor
from tradewind.workflow_agents.tools.http_executors import description, joined
from tradewind.workflow_agents.tools.network import fetch, open_client, own_headers
from tradewind.workflow_agents.tools.surroundings import Network
from tradewind.workflow_agents.tools.tool import ToolRefused

BASE = "https://api.example.com:8443/v1"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("items/5", f"{BASE}/items/5"),
        ("/items/5", f"{BASE}/items/5"),
        ("", f"{BASE}/"),
        ("/items?q=a%20b&x=../y", f"{BASE}/items?q=a%20b&x=../y"),
        ("/items?url=http://other.example", f"{BASE}/items?url=http://other.example"),
        ("/a%2Fb", f"{BASE}/a%2Fb"),
        ("/r%C3%A9sum%C3%A9", f"{BASE}/r%C3%A9sum%C3%A9"),
    ],
)
def test_paths_are_below_the_base(path: str, url: str) -> None:
    assert joined(BASE, path) == url


def test_the_bases_own_query_stays() -> None:
    assert joined("https://api.example.com/v1?key=1", "/x?q=2") == (
        "https://api.example.com/v1/x?key=1&q=2"
    )


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/%2F/evil.example",
        "\\\\evil.example",
        "/..",
        "../admin",
        "/a/../../admin",
        "/%2e%2e/admin",
        "/%252e%252e/admin",
        "/%25252525252525252e/x",
        "/..;/admin",
        "/./a",
        "/a#b",
        "/a b",
        "/a\r\nX: y",
        "/a%0d%0ab",
        "/a\x00",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(ToolRefused):
        joined(BASE, path)


@given(
    st.lists(
        st.sampled_from(
            [
                *("/", "//", "\\", "..", ".", "%2e", "%2E", "%252e", "%2f", "%5c", "@", ":", "?"),
                *("#", "evil.example", "api.example.com", "http:", "a", ";", "[", "]", "%", "é"),
                "\u3002",
            ]
        ),
        max_size=9,
    ).map("".join)
)
def test_no_path_leaves_the_host(path: str) -> None:
    try:
        url = httpx2.URL(joined(BASE, path))
    except ToolRefused:
        return
    assert (url.scheme, url.host, url.port) == ("https", "api.example.com", 8443)
    assert url.userinfo == b""
    assert url.path.startswith("/v1/")
    assert ".." not in url.path.split("/")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0"),
        *("fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "2002:7f00:1::", "::127.0.0.1", "ff02::1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert fault_of_address(address) is not None


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "a.example"])
def test_addresses_that_are(address: str) -> None:
    assert fault_of_address(address) is None


@pytest.mark.parametrize(
    "address",
    [
        *(
            "169.254.169.254",
            "169.254.170.2",
            "2852039166",
            "0xa9fea9fe",
            "fe80::1",
            "fe80::1%eth0",
        ),
        *(
            "fd00:ec2::254",
            "fd00:ec2::23",
            "100.100.100.200",
            "192.0.0.192",
            "224.0.0.1",
            "ff02::1",
        ),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254"),
    ],
)
def test_addresses_that_no_server_may_have(address: str) -> None:
    assert fault_of_server_address(address) is not None
    host = f"[{address}]" if ":" in address else address
    assert fault_of_server_url(f"http://{host}/mcp") is not None


@pytest.mark.parametrize(
    "url",
    ["http://metadata/", "http://metadata.google.internal./", "http://u:p@a.example/", "ftp://a/"],
)
def test_servers_that_are_none_to_call(url: str) -> None:
    assert fault_of_server_url(url) is not None


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.1.1", "172.16.0.1", "[fd12::1]"),
        *("mcp.internal", "nas.local", "100.64.0.1", "mcp.example.com", "1.1.1.1", "mcp"),
    ],
)
def test_servers_may_be_inward(host: str) -> None:
    assert fault_of_server_url(f"http://{host}:8000/mcp") is None


def asked(network: Network, url: str) -> Any:
    async def ask() -> Any:
        async with open_client(network, seconds=5) as client:
            return await fetch(client, client.build_request("GET", url), 5)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["169.254.169.254"], ["::1"]]
)
def test_a_name_that_leads_inwards_is_not_connected_to(addresses: list[str]) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    with pytest.raises(ToolRefused, match="must not be"):
        asked(Network(resolve=resolve), "http://innocent.example/")


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once: another answer a moment later leads nowhere."""
    answers = [["1.1.1.1"], ["127.0.0.1"]]
    connected: list[str] = []

    async def resolve(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    async def connect(_self: Any, host: str, *_rest: Any) -> Any:
        connected.append(host)
        raise httpcore2.ConnectError("not in a test")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(ToolRefused, match="ConnectError"):
        asked(Network(resolve=resolve), "http://rebinding.example/")
    assert connected == ["1.1.1.1"]
    assert len(answers) == 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    resolved: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    with pytest.raises(ToolRefused):
        asked(Network(resolve=resolve), "http://there.example/")
    assert resolved == ["there.example"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "inner"},
        {" hOst ": "inner"},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"X": "a\r\nY: b"},
        {"X\r\nY": "b"},
        {"X": "é"},
        {"": "x"},
        {"X": "y" * 5000},
        {f"X-{number}": "" for number in range(50)},
    ],
)
def test_headers_that_are_not_a_models_to_set(headers: dict[str, str]) -> None:
    with pytest.raises(ToolRefused):
        own_headers(headers)


def test_a_model_is_told_what_an_api_takes_and_not_how_it_is_signed() -> None:
    spec = HttpExecutor.model_validate(
        {
            "id": "weather",
            "base_url": f"{BASE}?token=abc",
            "headers": {"Authorization": "Bearer ${TOKEN}"},
            "description": "Weather by place.",
            "examples": [{"description": "Berlin", "path": "/now", "units": "metric"}],
            "common_endpoints": [{"path": "/now", "description": "The weather now"}],
            "response_format": "JSON",
            "authentication_info": "By a header that is sent for you.",
        }
    )
    told = description(spec)
    for word in ("Weather by place.", "GET /now", "metric", "JSON", "a header that is sent"):
        assert word in told
    assert "TOKEN" not in told
    assert "abc" not in told
