"""Calls of runtimes by botocore: ``InvokeAgentRuntime``, on clients that survive a freeze.

Each call has a thread of its own until its answer begins, so that no agent that takes its time
keeps another one's call waiting. The answer is read by the caller's event loop.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError as Urllib3Error

from tradewind.agentcore.calls import ConnectionWasDead, RuntimeCall
from tradewind.agentcore.faults import cut_refusal, make_readable, to_runtime_error
from tradewind.aws.arrivals import MAX_READ, ArrivingBody, BrokenBody
from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import calls_within, require_time, within_time_left
from tradewind.aws.interruption import Interruption, current_interruption, interrupting
from tradewind.aws.repeats import ConnectionRetired, Once
from tradewind.aws.sockets import take_status
from tradewind.contracts.errors import RuntimeAnswerUnreadable, RuntimeInterrupted

SERVICE: Final = "bedrock-agentcore"
#: How long an agent may be silent: as long as AgentCore lets it work on one call.
READ_TIMEOUT_S: Final = 900.0
#: How many connections are kept per region. More calls than that may be made at once.
MAX_CONNECTIONS: Final = 50


class SdkTransport:
    """Calls runtimes over HTTP. One for a process; safe for threads and event loops.

    Args:
        aws: What makes the process's clients.
        regions: Where runtimes are. Clients of others are made when they are needed.
        read_timeout_s: How long an agent may be silent, also within its answer.
        max_connections: How many are kept per region.
    """

    def __init__(
        self,
        aws: AwsClients,
        *,
        regions: Iterable[str] = (),
        read_timeout_s: float = READ_TIMEOUT_S,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._aws = aws
        self._read_timeout_s = read_timeout_s
        self._max_connections = max_connections
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        for region in regions:
            self._client(region)

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                client = self._aws.create(
                    SERVICE,
                    repeats=Once(),
                    region=region,
                    read_timeout_s=self._read_timeout_s,
                    max_connections=self._max_connections,
                )
                client.meta.events.register("before-parse", make_readable)
                self._clients[region] = client
            return self._clients[region]

    def close(self) -> None:
        """Drop all idle connections. What is called later opens new ones."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncGenerator["SdkAnswer"]:
        """Send a call, and wait until its answer begins. See ``Transport.open``."""
        sending = _Sending(call)
        client = self._client(call.runtime.region)
        thread = ThreadPoolExecutor(1, thread_name_prefix="runtime-call")
        try:
            head, body = await asyncio.get_running_loop().run_in_executor(
                thread, copy_context().run, sending.send, client
            )
            yield SdkAnswer(call, head, body, self._read_timeout_s)
        finally:
            sending.give_up()
            thread.shutdown(wait=False)


class SdkAnswer:
    """An answer that has begun. See ``Opened``."""

    def __init__(
        self, call: RuntimeCall, head: dict[str, Any], body: ArrivingBody, read_timeout_s: float
    ) -> None:
        self._call = call
        self._body = body
        self._read_timeout_s = read_timeout_s
        self.content_type: str = head.get("contentType", "")
        self.session_id: str | None = head.get("runtimeSessionId")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives. See ``Opened.chunks``."""
        unpaused = 0
        while not self._body.is_over:
            try:
                with calls_within(self._call.time_left_s):
                    limit_s = within_time_left(self._read_timeout_s)
                    chunk = self._body.take()
            except (BrokenBody, OSError) as error:  # a TimeoutError is an OSError
                raise self._interrupted(error) from error
            if chunk is None:
                await self._wait(limit_s)
                unpaused = 0
            elif chunk:
                yield chunk
                unpaused += len(chunk)
            if unpaused >= MAX_READ:
                await asyncio.sleep(0)  # other tasks want their turn of a stream that never rests
                unpaused = 0

    async def _wait(self, limit_s: float | None) -> None:
        """Wait until something arrives, for so long at most."""
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        place = self._body.fileno()
        loop.add_reader(place, arrived.set)
        try:
            async with asyncio.timeout(limit_s):
                await arrived.wait()
        except TimeoutError as error:
            raise self._interrupted(error) from error
        finally:
            loop.remove_reader(place)

    def _interrupted(self, error: Exception) -> RuntimeInterrupted:
        with calls_within(self._call.time_left_s):
            require_time(error)
        return RuntimeInterrupted(_broke_off(error))


class _Sending:
    """One request, and the wait for its answer, in one thread; any may give it up."""

    def __init__(self, call: RuntimeCall) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._interruption: Interruption | None = None
        self._body: ArrivingBody | None = None
        self._given_up = False

    def send(self, client: Any) -> tuple[dict[str, Any], ArrivingBody]:
        """Send it, and return the answer's head and body."""
        with calls_within(self._call.time_left_s), interrupting():
            with self._lock:
                self._interruption = current_interruption()
                if self._given_up:
                    raise ConnectionAbortedError("The call was given up before it was sent.")
            try:
                take_status()  # of an earlier call
                head = client.invoke_agent_runtime(**_arguments(self._call))
                body = ArrivingBody(head.pop("response"))
            except ConnectionRetired as error:
                raise ConnectionWasDead from error
            except (ClientError, BotoCoreError) as error:
                raise to_runtime_error(error) from error
            except BrokenBody as error:
                raise RuntimeAnswerUnreadable(f"The answer cannot be read: {error}") from error
            except (Urllib3Error, OSError) as error:
                require_time(error)
                # botocore reads bodies of refusals by itself, and of no answer.
                refusal = cut_refusal(take_status())
                raise refusal or RuntimeInterrupted(_broke_off(error)) from error
        with self._lock:
            self._body = body
            if self._given_up:
                body.close()
        return head, body

    def give_up(self) -> None:
        """End it and its answer, unless that is over."""
        with self._lock:
            self._given_up = True
            if self._body is not None:
                self._body.close()
            elif self._interruption is not None:
                self._interruption.interrupt()


def _broke_off(error: Exception) -> str:
    return f"The answer broke off, or fell silent for too long ({type(error).__name__})."


def _arguments(call: RuntimeCall) -> dict[str, Any]:
    arguments = {
        "agentRuntimeArn": str(call.runtime),
        "qualifier": call.qualifier,
        "runtimeSessionId": call.session_id,
        "runtimeUserId": call.user_id,
        "contentType": call.content_type,
        "accept": call.accept,
        "traceId": call.trace.trace_id,
        "traceParent": call.trace.traceparent,
        "traceState": call.trace.tracestate,
        "baggage": call.trace.baggage,
        "payload": call.payload,
    }
    return {name: value for name, value in arguments.items() if value is not None}
