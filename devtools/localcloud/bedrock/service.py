"""What Bedrock does with a request: who sent it, may they, and what is the answer."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from devtools.localcloud.bedrock import (
    availability,
    catalogue,
    control,
    conversation,
    delivery,
    guardrails,
    models,
    scripted,
)
from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.auth import Authorizer, Principal, authenticate
from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.faults import FaultBook, FaultKind, Hit
from devtools.localcloud.bedrock.relay import RealBedrock, Relayed
from devtools.localcloud.bedrock.stats import Counters
from devtools.localcloud.bedrock.wire import HttpConnection, Request

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Operation:
    action: str
    streaming: bool


_OPERATIONS: Final = {
    "converse": _Operation("bedrock:InvokeModel", streaming=False),
    "converse-stream": _Operation("bedrock:InvokeModelWithResponseStream", streaming=True),
}


@dataclass(frozen=True)
class RecordedPrompt:
    """What one request asked of the model. Kept in memory, and only when asked for.

    Attributes:
        role_arn: Whose request it was.
        model: The model id, as the caller spelled it.
        request: The request body.
    """

    role_arn: str
    model: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Observation:
    """What became of a model call. Its tokens are 0 where the real service answered.

    Attributes:
        model_id: The model id, as the caller spelled it.
        status: The HTTP status it was answered with.
        first_byte_ms: From its arrival until the answer began.
        duration_ms: From its arrival until the answer's end.
    """

    model_id: str
    status: int
    first_byte_ms: float
    duration_ms: float
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class _Call:
    """A request that was let in."""

    request: Request
    operation: _Operation
    model_id: str
    principal: Principal
    guardrail: guardrails.Applied | None


@dataclass(frozen=True)
class RuntimeService:
    """The runtime API, whoever brings it the connections.

    Attributes:
        authorizer: Knows the callers' secrets and permissions.
        account: Whose inference profiles there are, and the region to play.
        upstream: Answers instead of the scripted model.
        prompts: Where prompts are recorded; None records none.
        observe: Told of every call by a known caller, after its answer.
        withheld: Gives the models that nobody has agreed to the terms of.
    """

    authorizer: Authorizer
    account: Account
    upstream: RealBedrock | None
    prompts: list[RecordedPrompt] | None
    observe: Callable[[Observation], None] = lambda _: None
    withheld: Callable[[], Collection[str]] = tuple
    counters: Counters = field(default_factory=Counters)
    faults: FaultBook = field(default_factory=FaultBook)

    async def serve(self, http: HttpConnection, number: int) -> None:
        """Answer the requests on a connection until either side ends it."""
        moved = (0, 0)

        def count_bytes() -> None:
            nonlocal moved
            received, sent = http.bytes_received - moved[0], http.bytes_sent - moved[1]
            self.counters.bytes_moved(number, received=received, sent=sent)
            moved = (http.bytes_received, http.bytes_sent)

        try:
            while (request := await http.next_request()) is not None:
                self.counters.request_received(number)
                hit = await self._answer(http, number, request)
                count_bytes()
                if hit.after is not None:
                    await delivery.spoil_idle(http, hit.after)
                    return
        finally:
            count_bytes()

    async def _answer(self, http: HttpConnection, number: int, request: Request) -> Hit:
        arrived = time.perf_counter()
        request_id = ("x-amzn-requestid", str(uuid.uuid4()))
        hit = Hit()
        call: _Call | None = None
        tokens = (0, 0)
        try:
            if catalogue.is_list(request):
                answer = await self._list(request)
            elif control.is_operation(request):
                answer = await self._control(request)
            elif availability.is_asked(request):
                answer = await self._availability(request)
            else:
                call = self._admit(number, request)
                hit = self._meet_faults(call)
                answer = await self._prepare(call, hit, arrived)
        except ServiceError as error:
            status, begun = error.status, time.perf_counter()
            await self._refuse(http, request_id, error)
        except Exception:
            # A defect here must not look like a network failure to the caller.
            _log.exception("the stand-in failed on a request")
            defect = ServiceError(500, "InternalServerException", "The stand-in has a defect.")
            status, begun = defect.status, time.perf_counter()
            await self._refuse(http, request_id, defect)
        else:
            status, begun = answer.status, time.perf_counter()
            self.counters.answered(status)
            if isinstance(answer, Relayed):
                await delivery.pass_on(http, answer)
            else:
                tokens = (answer.input_tokens, answer.output_tokens)
                identified = replace(answer, headers=[request_id, *answer.headers])
                await delivery.deliver(http, identified, hit)
        if call is not None:
            ended = time.perf_counter()
            first_byte_ms, duration_ms = (begun - arrived) * 1000, (ended - arrived) * 1000
            self.observe(Observation(call.model_id, status, first_byte_ms, duration_ms, *tokens))
        return hit

    async def _list(self, request: Request) -> Relayed | delivery.Answer:
        """Answer for the control plane. It is no model call, and no fault's to meet."""
        catalogue.authorize(request, self._caller(request), self.authorizer)
        if self.upstream is not None:
            return await self.upstream.send(request, control_plane=True)
        return delivery.document(catalogue.answer(request, self.account))

    async def _control(self, request: Request) -> Relayed | delivery.Answer:
        """The same, for one profile."""
        caller = self._caller(request)
        if self.upstream is not None:
            raise ServiceError(
                404, "UnknownOperationException", "Profiles are not relayed to the real service."
            )
        return delivery.document(control.answer(request, self.account, caller, self.authorizer))

    async def _availability(self, request: Request) -> Relayed | delivery.Answer:
        availability.authorize(request, self._caller(request), self.authorizer, self.account.region)
        if self.upstream is not None:
            return await self.upstream.send(request, control_plane=True)
        return delivery.document(availability.answer(request, self.account.region, self.withheld()))

    def _caller(self, request: Request) -> Principal:
        return authenticate(
            request, region=self.account.region, authorizer=self.authorizer, now=datetime.now(UTC)
        )

    def _admit(self, number: int, request: Request) -> _Call:
        operation, model_id = _route(request)
        principal = self._caller(request)
        self.counters.request_authenticated(number, role=principal.role_arn, model=model_id)
        target = models.resolve(model_id, self.account)
        guardrail = guardrails.applied(
            request.body, self.account, relayed=self.upstream is not None
        )
        if self.upstream is None:
            models.require_known(target, model_id)
        models.authorize(target, operation.action, principal, self.authorizer, guardrail)
        availability.require(target.model, self.withheld())
        return _Call(request, operation, model_id, principal, guardrail)

    def _meet_faults(self, call: _Call) -> Hit:
        hit = self.faults.take(
            streaming=call.operation.streaming,
            model=call.model_id,
            role=call.principal.role_name,
        )
        for fault in (hit.before, hit.answer, hit.after):
            if fault is not None:
                self.counters.fault_served(fault.kind)
        return hit

    async def _prepare(self, call: _Call, hit: Hit, arrived: float) -> Relayed | delivery.Answer:
        if hit.before is not None and hit.before.kind is FaultKind.LATENCY:
            await asyncio.sleep(hit.before.seconds or 0)
        if hit.answer is not None and (error := hit.answer.http_error()) is not None:
            raise error
        if self.upstream is not None:
            return await self.upstream.send(call.request)
        asked = conversation.parse(call.request.body)
        if self.prompts is not None:
            body = json.loads(call.request.body)
            self.prompts.append(RecordedPrompt(call.principal.role_arn, call.model_id, body))
        reply = scripted.answer(asked)
        if call.guardrail is not None:
            reply = guardrails.assess(call.guardrail, asked.messages[-1].text(), reply)
        return delivery.compose(reply, streaming=call.operation.streaming, arrived=arrived)

    async def _refuse(
        self, http: HttpConnection, request_id: tuple[str, str], error: ServiceError
    ) -> None:
        self.counters.answered(error.status)
        await http.respond(
            error.status,
            [request_id, ("content-type", "application/json"), ("x-amzn-errortype", error.code)],
            json.dumps({"message": error.message, **error.members}).encode(),
        )


def _route(request: Request) -> tuple[_Operation, str]:
    match request.method, request.target.split("/"):
        case "POST", ["", "model", model_id, name] if name in _OPERATIONS and model_id:
            return _OPERATIONS[name], unquote(model_id)
    raise ServiceError(
        404,
        "UnknownOperationException",
        f"The stand-in does not know the operation {request.method} {request.target}",
    )
