"""The stand-in: a TLS server that plays Bedrock, and an HTTP server to steer it."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.auth import Authorizer
from devtools.localcloud.bedrock.faults import Fault
from devtools.localcloud.bedrock.relay import RealBedrock
from devtools.localcloud.bedrock.service import Observation, RecordedPrompt, RuntimeService
from devtools.localcloud.bedrock.stats import Stats
from devtools.localcloud.bedrock.wire import HttpConnection, Request
from devtools.localcloud.tls import TlsFiles

_LOOPBACK: Final = "127.0.0.1"


class BedrockStandIn:
    """Plays Bedrock's runtime API on 127.0.0.1 until stopped. Use it as a context manager.

    Every answer comes from the scripted model, or, given an ``upstream``, from the real service.
    """

    def __init__(
        self,
        *,
        authorizer: Authorizer,
        tls: TlsFiles,
        region: str,
        account: str,
        port: int = 0,
        admin_port: int = 0,
        faults: Iterable[Fault] = (),
        record_prompts: bool = False,
        upstream: RealBedrock | None = None,
        observe: Callable[[Observation], None] = lambda _: None,
        withheld: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Prepare a stand-in; ``start`` opens its ports.

        Args:
            authorizer: Knows the callers' secrets and permissions.
            tls: The server's certificate.
            region: The region to play; signatures must be made for it.
            account: The account that owns the inference profiles.
            port: Where to serve the runtime API; 0 takes a free port.
            admin_port: Where to serve the admin API; 0 takes a free port.
            faults: Wait for the first requests.
            record_prompts: Keep every request body, for tests of isolation.
            upstream: Answers instead of the scripted model. Checks and counts stay the same.
            observe: Told of every call by a known caller, on the stand-in's thread.
            withheld: Gives the models that nobody has agreed to the terms of.
        """
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(tls.certificate, tls.key)
        self._port = port
        self._admin_port = admin_port
        self._prompts: list[RecordedPrompt] = []
        self._service = RuntimeService(
            authorizer=authorizer,
            account=Account(account, region),
            upstream=upstream,
            prompts=self._prompts if record_prompts else None,
            observe=observe,
            withheld=withheld,
        )
        self._connections: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._end: Callable[[], object] = lambda: None
        self.inject(*faults)

    @property
    def endpoint_url(self) -> str:
        """Where the runtime API is."""
        return f"https://{_LOOPBACK}:{self._port}"

    @property
    def admin_url(self) -> str:
        """Where the admin API is."""
        return f"http://{_LOOPBACK}:{self._admin_port}"

    def start(self) -> None:
        """Open the ports and serve, on a thread of its own.

        Raises:
            OSError: A port is taken.
        """
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(ready)), name="bedrock-stand-in", daemon=True
        )
        self._thread.start()
        ready.result()

    def stop(self) -> None:
        """Drop every connection and end the thread. Does nothing when not started."""
        if self._thread is None:
            return
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended by itself
            self._end()
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stats(self) -> Stats:
        """What went over the wire since the start or the last reset."""
        return self._service.counters.snapshot()

    def reset(self) -> None:
        """Start counting anew, and forget recorded prompts."""
        self._service.counters.reset()
        self._prompts.clear()

    def inject(self, *faults: Fault) -> None:
        """Let requests to come meet these faults.

        Raises:
            ValueError: The fault needs the scripted model, and answers are relayed.
        """
        for fault in faults:
            if self._service.upstream is not None and not fault.relayable:
                raise ValueError(f"{fault.kind} cannot be injected into relayed answers")
        self._service.faults.add(faults)

    def clear_faults(self) -> None:
        """Forget all faults that wait."""
        self._service.faults.clear()

    def prompts(self) -> list[RecordedPrompt]:
        """The recorded prompts since the start or the last reset, in order of arrival."""
        return list(self._prompts)

    async def _main(self, ready: Future[None]) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._end = lambda: loop.call_soon_threadsafe(stopping.set)
        with contextlib.ExitStack() as sockets:
            try:
                model = sockets.enter_context(_listen(self._port))
                admin = sockets.enter_context(_listen(self._admin_port))
            except OSError as error:
                ready.set_exception(error)
                return
            self._port, self._admin_port = (each.getsockname()[1] for each in (model, admin))
            servers = [
                asyncio.create_task(self._accept(model, self._serve_model)),
                asyncio.create_task(self._accept(admin, self._serve_admin)),
            ]
            ready.set_result(None)
            await stopping.wait()
            await _cancel(servers)
            await _cancel(self._connections)

    async def _accept(
        self, listener: socket.socket, serve: Callable[[socket.socket], Awaitable[None]]
    ) -> None:
        async def run(accepted: socket.socket) -> None:
            # The client may leave, or break the protocol, at any point.
            with contextlib.suppress(OSError):
                await serve(accepted)

        loop = asyncio.get_running_loop()
        # Accepted here and not by asyncio.start_server, which would not report a connection
        # whose TLS handshake fails.
        while True:
            accepted, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(run(accepted))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve_model(self, accepted: socket.socket) -> None:
        counters = self._service.counters
        number = counters.connection_opened()
        try:
            try:
                http = await HttpConnection.over(accepted, self._tls)
            except OSError:
                counters.handshake_failed()
                accepted.close()
                return
            try:
                await self._service.serve(http, number)
            finally:
                await http.close()
        finally:
            counters.connection_closed(number)

    async def _serve_admin(self, accepted: socket.socket) -> None:
        http = await HttpConnection.over(accepted, tls=None)
        try:
            while (request := await http.next_request()) is not None:
                status, answer = self._administer(request)
                headers = [("content-type", "application/json")]
                await http.respond(status, headers, json.dumps(answer).encode())
        finally:
            await http.close()

    def _administer(self, request: Request) -> tuple[int, object]:
        match request.method, request.target:
            case "GET", "/stats":
                return 200, self.stats().to_json()
            case "POST", "/stats/reset":
                self.reset()
            case "POST", "/faults":
                try:
                    listed = json.loads(request.body)
                    if not isinstance(listed, list):
                        return 400, {"error": "the body must be a JSON list of faults"}
                    self.inject(*[Fault.from_json(entry) for entry in listed])
                except ValueError as error:
                    return 400, {"error": str(error)}
            case "DELETE", "/faults":
                self.clear_faults()
            case _:
                return 404, {"error": f"{request.method} {request.target} is not known"}
        return 200, {}


def _listen(port: int) -> socket.socket:
    listener = socket.create_server((_LOOPBACK, port), backlog=128)
    listener.setblocking(False)
    return listener


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    pending = list(tasks)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
