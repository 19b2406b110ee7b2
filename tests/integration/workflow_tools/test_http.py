"""APIs and pages, over real sockets of this machine."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.web_server import WebServer, web_server
from tests.workflow_tools import LOOPBACK, loaded_with, open_files, other_tasks, use
from tradewind.workflow.engine.errors import InvalidRun, Unsupported
from tradewind.workflow_agents.tools import Tools, open_tools
from tradewind.workflow_agents.tools.network import MOST_BYTES, fetch, open_client
from tradewind.workflow_agents.tools.surroundings import PUBLIC, Network

KEY = "hunter-2222"
API = {"id": "api", "base_url": "https://api.example.com/v1", "headers": {"X-Key": "${KEY}"}}


def api(folder: Path, web: WebServer, **more: Any) -> Any:
    """A file whose API is the test's server. A file cannot say so; a loaded one can be changed."""
    loaded = loaded_with(folder, tools={"http_executors": [API | more]})
    assert loaded.spec is not None
    (executor,) = loaded.spec.tools.http_executors
    here = executor.model_copy(update={"base_url": f"{web.url}/v1"})
    tools = loaded.spec.tools.model_copy(update={"http_executors": (here,)})
    object.__setattr__(loaded, "spec", loaded.spec.model_copy(update={"tools": tools}))
    return loaded


def with_api(
    folder: Path,
    ask: Callable[[Tools, WebServer], Awaitable[None]],
    *,
    environ: Mapping[str, str] | None = None,
    network: Network = LOOPBACK,
    **more: Any,
) -> None:
    async def run() -> None:
        async with web_server() as web:
            before = open_files()
            async with open_tools(
                api(folder, web, **more),
                run_id="r",
                environ={"KEY": KEY} if environ is None else environ,
                root=folder,
                network=network,
            ) as tools:
                await ask(tools, web)
            await web.all_gone()
            assert {one for one in open_files() - before if one.startswith("socket")} == set()

    asyncio.run(run())


def test_a_request_and_its_answer(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/v1/items?q=1", '{"a": "é"}', kind="application/json", x_more="yes")
        given = {
            "path": "/items?q=1",
            "method": "POST",
            "json_data": {"b": [1]},
            "headers_override": {"X-Other": "o"},
        }
        status, text = await use(tools, "api", given)
        assert status == "success"
        answer = json.loads(text)
        assert answer["status"] == 200
        assert answer["body"] == '{"a": "é"}'
        assert answer["headers"]["x-more"] == "yes"
        (seen,) = web.seen
        assert seen.line == "POST /v1/items?q=1 HTTP/1.1"
        assert json.loads(seen.body) == {"b": [1]}
        assert seen.headers["x-key"] == KEY
        assert seen.headers["x-other"] == "o"

    with_api(tmp_path, ask)


def test_an_echo_shows_no_secret(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/v1/echo", f"you sent {KEY}", x_echo=KEY)
        _, text = await use(tools, "api", {"path": "echo"})
        assert KEY not in text
        assert text.count("REDACTED") == 2

    with_api(tmp_path, ask)


def test_requests_share_a_connection_and_no_cookie(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/v1/a", "a", set_cookie="who=ann; Path=/")
        for _ in range(3):
            _, text = await use(tools, "api", {"path": "a"})
            assert "ann" not in text
        assert web.connections == 1
        assert all("cookie" not in seen.headers for seen in web.seen)

    with_api(tmp_path, ask)


def test_where_it_has_moved_is_told_and_not_followed(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/v1/a", "", status="302 Found", location=f"{web.url}/elsewhere")
        _, text = await use(tools, "api", {"path": "a"})
        assert json.loads(text)["status"] == 302
        assert len(web.seen) == 1

    with_api(tmp_path, ask)


def test_a_status_of_failure_is_an_answer(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/v1/a", "no", status="503 Busy")
        status, text = await use(tools, "api", {"path": "a"})
        assert (status, json.loads(text)["status"]) == ("success", 503)

    with_api(tmp_path, ask)


def test_silence_ends_with_the_files_patience(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.answers["/v1/a"] = None
        assert await use(tools, "api", {"path": "a"}) == (
            "error",
            "There was no answer within 0.05 s.",
        )

    with_api(tmp_path, ask, timeout_ms=50)


def test_an_answer_that_drips_ends_with_it_too(tmp_path: Path) -> None:
    """Each part comes in time, and the whole never does."""

    async def run() -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            # Three times as long as the file's patience, in steps far below it.
            with suppress(ConnectionError):
                for _ in range(300):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.001)
            writer.close()

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        web = WebServer(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        loaded = api(tmp_path, web, timeout_ms=100)
        async with open_tools(
            loaded, run_id="r", environ={"KEY": KEY}, root=tmp_path, network=LOOPBACK
        ) as tools:
            status, text = await use(tools, "api", {"path": "a"})
        server.close()
        assert status == "error"
        assert "no answer within 0.1 s" in text

    asyncio.run(run())


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_of_a_large_answer_no_more_is_read_than_is_used(encoding: str) -> None:
    async def run() -> None:
        body = b"x" * 5_000_000
        more = {"content_encoding": encoding} if encoding else {}
        async with web_server() as web, open_client(LOOPBACK) as client:
            web.says("/a", gzip.compress(body, 1) if encoding else body, **more)
            answer = await fetch(client, client.build_request("GET", f"{web.url}/a"), 30)
            assert answer.body == "x" * MOST_BYTES + "\n[the rest was not read]"

    asyncio.run(run())


def test_an_answer_without_end_is_left() -> None:
    async def run() -> None:
        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with suppress(ConnectionError):
                while True:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
            writer.close()

        server = await asyncio.start_server(pour, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with open_client(LOOPBACK) as client:
            answer = await fetch(client, client.build_request("GET", url), 10)
        assert answer.status == 200
        server.close()

    asyncio.run(run())


def test_a_small_answer_may_be_packed() -> None:
    async def run() -> None:
        async with web_server() as web, open_client(LOOPBACK) as client:
            web.says("/a", gzip.compress(b"hello"), content_encoding="gzip")
            answer = await fetch(client, client.build_request("GET", f"{web.url}/a"), 30)
            assert answer.body == "hello"

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
        b"",
    ],
)
def test_what_is_no_answer_is_an_error_of_the_tool(tmp_path: Path, answer: bytes) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.answers["/v1/a"] = answer or None
        _, text = await use(tools, "api", {"path": "a"})
        assert "unexpectedly" not in text

    with_api(tmp_path, ask, timeout_ms=500)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"path": "a", "url": "http://x"},
        {"path": "a", "method": "CONNECT"},
        {"path": "//evil"},
        {"path": 5},
        {"path": "a", "headers_override": {"Host": "x"}},
        {"path": "a", "headers_override": {"X": 5}},
        "a",
    ],
)
def test_what_a_model_must_not_ask_is_not_sent(tmp_path: Path, given: Any) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        status, _ = await use(tools, "api", given)
        assert status == "error"
        assert web.seen == []

    with_api(tmp_path, ask)


def test_outside_of_tests_this_machine_cannot_be_reached(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        status, text = await use(tools, "api", {"path": "a"})
        assert status == "error"
        assert "must not be this machine" in text
        assert web.connections == 0

    with_api(tmp_path, ask, network=PUBLIC)


def test_what_was_refused_takes_up_no_connection(tmp_path: Path) -> None:
    refusing = True
    network = Network(lambda _url: None, lambda _host: "is inward" if refusing else None)

    async def ask(tools: Tools, web: WebServer) -> None:
        nonlocal refusing
        web.says("/v1/a", "yes")
        for _ in range(50):
            assert await use(tools, "api", {"path": "a"}) == ("error", "The host is inward.")
        refusing = False
        status, _ = await use(tools, "api", {"path": "a"})
        assert status == "success"

    with_api(tmp_path, ask, network=network)


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}])
def test_a_missing_secret_is_told_before_any_call(tmp_path: Path, environ: dict[str, str]) -> None:
    async def ask(_tools: Tools, _web: WebServer) -> None:
        pytest.fail("it was opened")

    with pytest.raises(InvalidRun, match="the header X-Key of api: KEY is not set"):
        with_api(tmp_path, ask, environ=environ)


async def _with_web(folder: Path, ask: Callable[[Tools, WebServer], Awaitable[None]]) -> None:
    names = ["http_request", "web_fetch", "duckduckgo_search", "tavily_search"]
    loaded = loaded_with(folder, tools={"python": names})
    environ = {"TAVILY_API_KEY": KEY}
    async with (
        web_server() as web,
        open_tools(loaded, run_id="r", environ=environ, root=folder, network=LOOPBACK) as tools,
    ):
        await ask(tools, web)


def test_a_page_is_followed_and_read(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.says("/a", "", status="301 Moved", location="/b")
        web.says("/b", "<p>Hello <b>you</b></p>", kind="text/html; charset=utf-8")
        assert await use(tools, "web_fetch", {"url": f"{web.url}/a"}) == ("success", "Hello you")
        web.says("/loop", "", status="302 Found", location="/loop")
        status, text = await use(tools, "web_fetch", {"url": f"{web.url}/loop"})
        assert (status, "more than 5 times" in text) == ("error", True)
        web.says("/gone", "", status="404 Gone")
        status, text = await use(tools, "web_fetch", {"url": f"{web.url}/gone"})
        assert (status, "404" in text) == ("error", True)

    asyncio.run(_with_web(tmp_path, ask))


def test_a_page_that_moves_inwards_is_not_followed(tmp_path: Path) -> None:
    """The first host may be reached, and where it sends us may not."""

    async def run() -> None:
        async with web_server() as web:

            def fault(url: str) -> str | None:
                return "is inward" if "169.254" in url or "a9fe" in url else None

            network = Network(fault, fault)
            for location in ("http://169.254.169.254/latest", "//[::ffff:169.254.169.254]/"):
                web.says("/a", "", status="302 Found", location=location)
                loaded = loaded_with(tmp_path, tools={"python": ["web_fetch"]})
                async with open_tools(
                    loaded, run_id="r", environ={}, root=tmp_path, network=network
                ) as tools:
                    given = {"url": f"{web.url}/a"}
                    status, text = await use(tools, "web_fetch", given)
                    assert (status, text) == ("error", "The address is inward.")

    asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:80/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://169.254.169.254/latest/meta-data",
        "http://metadata.google.internal/",
        "http://user:pass@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com",
        "http://",
        "",
        "http://exa mple.com/",
        "http://example.com:99999/",
    ],
)
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    async def run() -> None:
        async def resolve(_host: str, _port: int) -> list[str]:
            pytest.fail("it was looked for")

        loaded = loaded_with(tmp_path, tools={"python": ["web_fetch", "http_request"]})
        async with open_tools(
            loaded, run_id="r", environ={}, root=tmp_path, network=Network(resolve=resolve)
        ) as tools:
            for name in ("web_fetch", "http_request"):
                status, text = await use(tools, name, {"url": url})
                assert status == "error"
                assert "address" in text

    asyncio.run(run())


def test_search_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "tradewind.workflow_agents.tools.web_tools"

    async def ask(tools: Tools, web: WebServer) -> None:
        monkeypatch.setattr(f"{module}._TAVILY", f"{web.url}/tavily")
        monkeypatch.setattr(f"{module}._DUCKDUCKGO", f"{web.url}/ddg")
        results = [{"title": "T", "url": "https://e.com", "content": "C", "score": 1}] * 3
        web.says("/tavily", json.dumps({"results": results}), kind="application/json")
        status, text = await use(tools, "tavily_search", {"query": "wind", "max_results": 2})
        assert status == "success"
        assert json.loads(text) == [{"title": "T", "url": "https://e.com", "content": "C"}] * 2
        assert web.seen[-1].headers["authorization"] == f"Bearer {KEY}"
        assert json.loads(web.seen[-1].body) == {"query": "wind", "max_results": 2}
        web.says("/ddg", '<a class="result__a" href="https://e.com">T</a>', kind="text/html")
        status, text = await use(tools, "duckduckgo_search", {"query": "wind power"})
        assert json.loads(text) == [{"title": "T", "url": "https://e.com", "snippet": ""}]
        assert web.seen[-1].body == "q=wind+power"
        for path, name in (("/tavily", "tavily_search"), ("/ddg", "duckduckgo_search")):
            web.says(path, f"[{KEY}]")
            status, text = await use(tools, name, {"query": "x"})
            assert (status, "cannot be read" in text) == ("error", True)
            web.says(path, KEY, status="401 Unauthorized")
            status, text = await use(tools, name, {"query": "x"})
            assert (status, "401" in text, KEY in text) == ("error", True, False)

    asyncio.run(_with_web(tmp_path, ask))


def test_a_search_engine_without_its_key_is_unsupported_before_the_run(tmp_path: Path) -> None:
    async def run() -> None:
        loaded = loaded_with(tmp_path, tools={"python": ["tavily_search"]})
        async with open_tools(loaded, run_id="r", environ={}, root=tmp_path):
            pytest.fail("it was opened")

    with pytest.raises(Unsupported, match="TAVILY_API_KEY"):
        asyncio.run(run())


def test_a_call_that_is_cancelled_leaves_no_connection(tmp_path: Path) -> None:
    async def ask(tools: Tools, web: WebServer) -> None:
        web.answers["/v1/a"] = None
        asking = asyncio.create_task(use(tools, "api", {"path": "a"}))
        while not web.seen:
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await web.all_gone()
        assert asking not in other_tasks()

    with_api(tmp_path, ask)
