"""An agent whose work is done by a runtime on AgentCore, another process in another place.

It lives as any agent does, with a record, kept answers, streams, conversations, budgets and
cancellation. What the runtime says is said to the caller as it arrives.
"""

import asyncio
import os
from contextlib import aclosing
from dataclasses import dataclass

from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall, TraceHeaders, Transport
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.meter import MeteredRuntimes
from tradewind.agentcore.observer import RuntimeObserver
from tradewind.agentcore.sdk import SdkTransport
from tradewind.bedrock.client import process_clients
from tradewind.contracts.errors import InternalError, OutputInvalid
from tradewind.contracts.prices import nano_of
from tradewind.contracts.runtime_target import RuntimeTarget
from tradewind.run.agent_run import AgentRun
from tradewind.runtime_agent.hearing import Hearing
from tradewind.runtime_agent.payload import payload_of, session_of
from tradewind.runtime_agent.payment import PaidTransport


@dataclass(frozen=True)
class RuntimeAgent:
    """The definition of an agent that is a runtime. See ``run.definition.AgentDefinition``.

    Attributes:
        runtime: Which.
        transport: Carries calls to it; of the process.
        observer: Is told what becomes of them.
    """

    runtime: RuntimeTarget
    transport: Transport
    observer: RuntimeObserver

    @property
    def has_tools(self) -> bool:
        """Whether anybody reads the parameters: they are sent to the runtime whole."""
        return True

    async def answer(self, run: AgentRun) -> None:
        """Ask the runtime.

        Raises:
            TradewindError: It could not be asked, failed, or its answer is not what was wanted.
        """
        request, runtime = run.request, self.runtime
        if request is None:
            raise InternalError("A runtime is asked for a request.")
        session = session_of(run, request)
        call = RuntimeCall(
            runtime=RuntimeArn.parse(runtime.arn),
            payload=payload_of(run, request, runtime, session),
            session_id=session,
            time_left_s=run.deadline.remaining_s,
            qualifier=runtime.qualifier,
            # Lambda's, of the request at work: its trace goes on there.
            trace=TraceHeaders(trace_id=os.environ.get("_X_AMZN_TRACE_ID")),
        )
        hearing = Hearing(run, runtime.agent)
        if runtime.most_usd is None:
            await self._hear(call, self.transport, hearing)
        else:
            paid = PaidTransport(self.transport, nano_of(runtime.most_usd))
            cost_nano = None
            try:
                await self._hear(call, paid, hearing)
                cost_nano = hearing.cost_nano
            finally:
                await paid.settle(cost_nano)
        output = await asyncio.to_thread(hearing.end)
        if run.output is not None:
            problems = await asyncio.to_thread(run.output.take, output)
            if problems is not None:
                raise OutputInvalid(f"The runtime gave no output that fits. {problems}")

    async def _hear(self, call: RuntimeCall, transport: Transport, hearing: Hearing) -> None:
        client = AgentCoreClient(transport, observer=self.observer)
        async with aclosing(client.stream(call)) as said:
            async for event in said:
                hearing.hear(event)


def runtime_agent(runtime: RuntimeTarget) -> RuntimeAgent:
    """The process's definition of the runtime that its function asks."""
    aws = process_clients()
    if runtime.transport == "socket":
        # It brings a library that no other function carries.
        from tradewind.agentcore.socket import WebSocketTransport  # noqa: PLC0415

        return RuntimeAgent(runtime, WebSocketTransport(aws.session), MeteredRuntimes())
    regions = [RuntimeArn.parse(runtime.arn).region]
    return RuntimeAgent(runtime, SdkTransport(aws, regions=regions), MeteredRuntimes())
