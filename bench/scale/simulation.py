"""A discrete-event simulation of requests on their way through API, queue, function and model.

A request is accepted at the API's rate, waits in Lambda's queue until there is an instance for it,
starts one where none is idle, and asks the model a few times. Each of these has its limit, and each
limit its way to say no: the queue comes back after a pause that doubles, the retry layer after one
that is drawn. The pauses of the retry layer are the deployed ones. All times are in seconds.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tradewind.bedrock.retry import (
    BASE_PAUSE_S,
    MAX_ATTEMPTS,
    MAX_THROTTLED_PAUSE_S,
    THROTTLED_TIMES,
)

#: Of the retry layer: its pauses take this share of the time that is left at most.
_SHARE: Final = 0.25
_MINUTE_S: Final = 60.0


@dataclass(frozen=True)
class Setting:
    """What a run has, on AWS or here.

    Attributes:
        api_per_s: Requests that the stage lets through over time.
        api_burst: Those that it lets through at once.
        instances: Of the agent's function at most.
        new_instances_per_s: That Lambda starts at most.
        new_instances_at_once: Likewise, where none was started for a while.
        queue_life_s: An event that is older is given up.
        queue_pause_s: The longest pause until the queue tries an event again.
        look_s: A caller looks so often whether its answer is there.
        timeout_s: Of the function.
        cold_s: From a start to the handler.
        work_s: Of a request beside its model calls, in a warm process.
        model_calls: Of a request.
        model_s: The median of a model call.
        model_spread: The standard deviation of its logarithm.
        input_tokens: Of a model call.
        output_tokens: Likewise.
        max_tokens: What a call may answer at most; the quota holds it until the answer's end.
        output_weight: Tokens of the quota that one of an answer counts as, when it has ended.
        tokens_per_minute: Of the model's quota.
        requests_per_minute: Of a quota of requests; None where there is none.
        memory_gb: Of the function.
        usd_per_gb_s: Lambda's price.
        usd_per_invocation: Likewise.
        usd_per_input_token: The model's.
        usd_per_output_token: Likewise.
    """

    api_per_s: float
    api_burst: float
    instances: int
    new_instances_per_s: float
    new_instances_at_once: float
    queue_life_s: float
    queue_pause_s: float
    look_s: float
    timeout_s: float
    cold_s: float
    work_s: float
    model_calls: int
    model_s: float
    model_spread: float
    input_tokens: int
    output_tokens: int
    max_tokens: int
    output_weight: float
    tokens_per_minute: float
    requests_per_minute: float | None
    memory_gb: float
    usd_per_gb_s: float
    usd_per_invocation: float
    usd_per_input_token: float
    usd_per_output_token: float


@dataclass
class Outcome:
    """What became of the requests.

    Attributes:
        requests: How many there were.
        answered: Those that have their answer.
        throttled_out: Those that the model's quota refused until no try was left.
        never_begun: Those whose event grew too old in the queue.
        cold: Starts of an instance.
        model_requests: Calls that reached the model's service.
        throttles: Those of them that it refused.
        queue_s: For each that began: how long its event had waited.
        wall_s: For each that was answered: since it was sent.
        drained_s: When the last had ended.
        usd: What all of them cost.
    """

    requests: int
    answered: int = 0
    throttled_out: int = 0
    never_begun: int = 0
    cold: int = 0
    model_requests: int = 0
    throttles: int = 0
    queue_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    drained_s: float = 0.0
    usd: float = 0.0


class _Bucket:
    """A quota that comes back continuously; it may be owed for a while."""

    def __init__(self, per_s: float, most: float) -> None:
        self._per_s = per_s
        self._most = most
        self._left = most
        self._at = 0.0

    def has(self, amount: float, now: float) -> bool:
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left >= amount

    def take(self, amount: float) -> None:
        self._left -= amount


@dataclass(slots=True)
class _Request:
    """One on its way."""

    sent: float
    accepted: float
    began: float = 0.0
    queue_pause: float = 1.0
    calls_left: int = 0
    failures: int = 0


class Simulation:
    """A number of requests that are all sent at once.

    Args:
        setting: What they meet.
        requests: How many.
        seed: Of every draw.
        until: Whoever sees an end before sends another request.
    """

    def __init__(
        self,
        setting: Setting,
        requests: int,
        seed: int = 1,
        until: float = 0.0,
    ) -> None:
        self.outcome = Outcome(0)
        self._setting = setting
        self._until = until
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._now = 0.0
        self._order = 0
        self._events: list[tuple[float, int, Callable[[_Request], None], _Request]] = []
        self._idle = self._there = 0
        self._starts = _Bucket(setting.new_instances_per_s, setting.new_instances_at_once)
        per_minute = setting.tokens_per_minute
        self._tokens = _Bucket(per_minute / _MINUTE_S, per_minute)
        calls = setting.requests_per_minute
        self._calls = _Bucket(calls / _MINUTE_S, calls) if calls else None
        for number in range(requests):
            # The stage's bucket: so many at once, and the rest at its rate.
            late = max(0.0, (number + 1 - setting.api_burst) / setting.api_per_s)
            self._send(late, waited=late)

    def run(self) -> Outcome:
        """Let the time pass until each request has its end."""
        while self._events:
            self._now, _, step, request = heapq.heappop(self._events)
            step(request)
        self.outcome.drained_s = self._now
        return self.outcome

    def _at(self, delay: float, step: Callable[[_Request], None], request: _Request) -> None:
        self._order += 1
        heapq.heappush(self._events, (self._now + delay, self._order, step, request))

    def _send(self, delay: float, waited: float = 0.0) -> None:
        """Have one accepted after a delay, of which its caller has waited a part at the door."""
        self.outcome.requests += 1
        accepted = self._now + delay
        request = _Request(accepted - waited, accepted, calls_left=self._setting.model_calls)
        self._at(delay, self._hand_over, request)

    def _hand_over(self, request: _Request) -> None:
        """The queue tries to hand the event to an instance."""
        setting = self._setting
        if self._idle:
            self._idle -= 1
            self._begin(request, 0.0)
        elif self._there < setting.instances and self._starts.has(1, self._now):
            self._starts.take(1)
            self._there += 1
            self.outcome.cold += 1
            self._begin(request, setting.cold_s)
        elif self._now + request.queue_pause > request.accepted + setting.queue_life_s:
            self.outcome.never_begun += 1
            self._ended()
        else:
            # Half of it drawn: events that came together do not come back together.
            pause = request.queue_pause * self._random.uniform(0.5, 1.0)
            self._at(pause, self._hand_over, request)
            request.queue_pause = min(2 * request.queue_pause, setting.queue_pause_s)

    def _begin(self, request: _Request, start_s: float) -> None:
        self.outcome.queue_s.append(self._now - request.accepted)
        request.began = self._now
        self._at(start_s + self._setting.work_s / 2, self._ask_model, request)

    def _ask_model(self, request: _Request) -> None:
        setting = self._setting
        self.outcome.model_requests += 1
        held = setting.input_tokens + setting.max_tokens
        room = self._tokens.has(held, self._now)
        if self._calls is not None:
            room = self._calls.has(1, self._now) and room
        if not room:
            self._throttle(request)
            return
        self._tokens.take(held)
        if self._calls is not None:
            self._calls.take(1)
        request.failures = 0
        took = setting.model_s * math.exp(self._random.gauss(0.0, setting.model_spread))
        self._at(took, self._hear_model, request)

    def _throttle(self, request: _Request) -> None:
        setting, outcome = self._setting, self.outcome
        outcome.throttles += 1
        request.failures += 1
        if request.failures >= MAX_ATTEMPTS:
            outcome.throttled_out += 1
            self._end(request)
            return
        bound = THROTTLED_TIMES * BASE_PAUSE_S * 2 ** (request.failures - 1)
        left = request.began + setting.timeout_s - self._now
        bound = min(bound, MAX_THROTTLED_PAUSE_S, max(0.0, left) * _SHARE)
        self._at(self._random.uniform(0.0, bound), self._ask_model, request)

    def _hear_model(self, request: _Request) -> None:
        setting = self._setting
        self._tokens.take(setting.output_weight * setting.output_tokens - setting.max_tokens)
        self.outcome.usd += (
            setting.input_tokens * setting.usd_per_input_token
            + setting.output_tokens * setting.usd_per_output_token
        )
        request.calls_left -= 1
        if request.calls_left:
            self._at(0.0, self._ask_model, request)
        else:
            self._at(setting.work_s / 2, self._answer, request)

    def _answer(self, request: _Request) -> None:
        setting = self._setting
        self.outcome.answered += 1
        looks = math.ceil((self._now - request.accepted) / setting.look_s)
        seen = request.accepted + looks * setting.look_s
        self.outcome.wall_s.append(seen - request.sent)
        self._end(request, seen - self._now)

    def _end(self, request: _Request, unseen_s: float = 0.0) -> None:
        """The run is over, its instance free, and its time billed."""
        setting = self._setting
        self._idle += 1
        gb_s = (self._now - request.began) * setting.memory_gb
        self.outcome.usd += gb_s * setting.usd_per_gb_s + setting.usd_per_invocation
        self._ended(unseen_s)

    def _ended(self, unseen_s: float = 0.0) -> None:
        """Its caller sends another one when it has seen the end, where callers do."""
        if self._now + unseen_s < self._until:
            self._send(unseen_s)
