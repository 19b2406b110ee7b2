"""A server on this machine that answers what a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Seen:
    """A request as it came.

    Attributes:
        line: Its first line.
        headers: Its headers, by names in lower case.
        body: Its body.
    """

    line: str
    headers: dict[str, str]
    body: str


@dataclass
class WebServer:
    """A server that answers what a test says.

    Attributes:
        url: Its address.
        answers: By path: the bytes it sends; None is silence.
        seen: The requests that came.
        connections: How many are open.
    """

    url: str = ""
    answers: dict[str, bytes | None] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def says(
        self,
        path: str,
        body: str | bytes,
        status: str = "200 OK",
        kind: str = "text/plain",
        **more: str,
    ) -> None:
        """Answer a path from now on."""
        content = body if isinstance(body, bytes) else body.encode()
        lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
        self.answers[path] = "\r\n".join([*lines, "", ""]).encode() + content

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().strip().split("\r\n")
                headers = {
                    name.lower(): value for name, value in (one.split(": ", 1) for one in rest)
                }
                length = int(headers.get("content-length", 0))
                body = (await reader.readexactly(length)).decode()
                self.seen.append(Seen(line, headers, body))
                answer = self.answers[line.split(" ")[1]]
                if answer is None:
                    await reader.read()  # until the other side hangs up
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()  # its socket is open until then
            self.connections -= 1

    async def all_gone(self) -> None:
        """Wait until no connection is open; a test that waits for ever has found one."""
        while self.connections:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """A server while a test needs it."""
    web = WebServer()
    server = await asyncio.start_server(web.handle, "127.0.0.1", 0)
    web.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield web
    finally:
        server.close()
