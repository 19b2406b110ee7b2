"""Running a story: what happens, what is seen of it, and who is told."""

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final, TypeVar

from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.matching import Source, matches, source_of
from devtools.cloudwatch.notation import format_time
from devtools.cloudwatch.states import State
from devtools.cloudwatch.template import DescribedAlarm
from devtools.cloudwatch.yaml_document import TestFileError
from devtools.stories.buckets import MINUTE, Buckets
from devtools.stories.decisions import Decisions
from devtools.stories.effects import Effect, Effects
from devtools.stories.happenings import App, Call, Request, RequestEnd
from devtools.stories.notation import Recipient
from devtools.stories.queues import DeadLetters
from devtools.stories.storyfile import (
    RESTORED,
    Calls,
    Counted,
    Deployment,
    PlacedStory,
    Requests,
    Story,
    TakenOut,
)
from devtools.stories.template import Deployed
from devtools.stories.watch import Change, Watch

_Value = TypeVar("_Value")
_MILLISECONDS: Final = 1000
#: From a deployment that goes back until CloudFormation has put its alarms back, too.
_STACK_GOES_BACK_S: Final = 120


@dataclass(frozen=True, slots=True)
class Notification:
    """What went out.

    Attributes:
        time: When, in seconds.
        alarm: The alarm.
        state: Its new state.
        to: Who is told.
        because: Of a composite alarm, those it is made of that were in ALARM.
    """

    time: int
    alarm: str
    state: State
    to: Recipient
    because: tuple[str, ...]

    def __str__(self) -> str:
        because = f" ({', '.join(self.because)})" if self.because else ""
        return f"{format_time(self.time)} {self.to} {self.alarm} {self.state}{because}"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a story.

    Attributes:
        placed: The story.
        changes: Every alarm's new states.
        sent: What went out, and reached somebody.
        failures: What was not as the story says, a sentence each.
    """

    placed: PlacedStory
    changes: tuple[Change, ...]
    sent: tuple[Notification, ...]
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as the story says."""
        return not self.failures


def is_about(story: Story, environment: str, app: App, deployed: Deployed) -> bool:
    """Whether a story is about an app in this environment, which has what the story needs."""
    if story.environments is not None and environment not in story.environments:
        return False
    restores = any(function.is_restored for function in deployed.functions.values())
    return all(
        restores if need == RESTORED else app.function_name(need) in deployed.functions
        for need in story.needs
    )


def tell(
    placed: PlacedStory,
    app: App,
    deployed: Deployed,
    alarms: Mapping[str, DescribedAlarm],
    decisions: Decisions | None = None,
) -> Told:
    """Run a story.

    Args:
        placed: The story.
        app: What it is about.
        deployed: As the templates have it.
        alarms: By name.
        decisions: What was decided in other stories.

    Raises:
        TestFileError: It is about what the app does not have.
    """
    try:
        changes = tuple(_Telling(placed, app, deployed, alarms, decisions).run())
    except KeyError as missing:
        raise TestFileError(
            f"{placed.path}:{placed.line}: {placed.story.name!r}: the templates have no "
            f"{missing.args[0]}"
        ) from None
    sent = tuple(_sent(changes, deployed, placed.story))
    return Told(placed, changes, sent, tuple(_failures(placed.story, sent, alarms)))


@dataclass
class _Rollout:
    """A deployment on the way.

    Attributes:
        told: What the story says of it.
        since: When it began, in seconds.
        owed: Which part of a request the new version is still to get.
        gone_back_at: When an alarm ended it.
    """

    told: Deployment
    since: int
    owed: float = 0
    gone_back_at: int | None = None
    served: Iterator[int] = field(default_factory=count)

    def takes_next(self, now: float) -> bool:
        """Whether the new version gets the next request."""
        if self.gone_back_at is not None:
            return False
        if now >= self.since + self.told.lasts_s:
            return True
        self.owed += self.told.share / 100
        if self.owed < 1:
            return False
        self.owed -= 1
        return True


class _Telling:
    def __init__(
        self,
        placed: PlacedStory,
        app: App,
        deployed: Deployed,
        alarms: Mapping[str, DescribedAlarm],
        decisions: Decisions | None,
    ) -> None:
        self._story, self._delay_s = placed.story, placed.delay_s
        self._app = app
        self._deployed = deployed
        metrics = [
            metric
            for described in alarms.values()
            if isinstance(described.alarm, Alarm)
            for metric in described.alarm.metrics.values()
        ]
        watched = frozenset(map(source_of, metrics))
        self._by_version: dict[str, set[Source]] = {}
        newest: dict[str, str] = {}
        for source in watched:
            dimensions = dict(source[2])
            if "ExecutedVersion" in dimensions:
                function = dimensions["FunctionName"]
                newest[function] = dimensions["ExecutedVersion"]
                self._by_version.setdefault(function, set()).add(source)
        self._effects = Effects(app, deployed, watched, newest)
        self._buckets = Buckets(watched)
        self._watch = Watch(alarms, self._buckets, decisions)
        self._queues = DeadLetters(app, self._buckets, placed.delay_s)
        self._rollouts: dict[str, _Rollout] = {}

    def run(self) -> Iterator[Change]:
        happens = deque(self._in_order())
        for now in range(MINUTE, self._story.lasts_s + 1, MINUTE):
            while happens and happens[0][0] < now:
                time, turn, told = happens.popleft()
                self._happen(time, turn, told)
            self._queues.step(now)
            for change in self._watch.step(now):
                yield change
                if change.after is State.ALARM:
                    self._go_back(change)
            self._put_alarms_back(now)

    def _in_order(self) -> Iterator[tuple[float, int, object]]:
        end = self._story.lasts_s
        told = [
            [(time, turn, number, one) for turn, time in enumerate(one.times(end))]
            for number, one in enumerate(self._story.happens)
        ]
        for time, turn, _, one in heapq.merge(*told, key=lambda entry: (entry[0], entry[2])):
            yield time, turn, one

    def _happen(self, time: float, turn: int, told: object) -> None:
        match told:
            case Requests():
                for agent in told.requests:
                    self._request(time, turn, told, agent)
            case Calls():
                call = Call(told.calls, told.one_of(told.ends, turn), _in_turn(told.takes, turn))
                self._publish(self._effects.of_call(call), time, call.takes_ms)
            case Counted():
                counted = self._effects.of_count(told.counted, told.of, told.amount)
                self._publish(counted, time, 0)
            case Deployment():
                self._rollouts[told.deployment] = _Rollout(told, int(time))
                self._look_at_another_version(told.deployment)
            case TakenOut():
                self._queues.take_out(told.taken_out, time)

    def _request(self, time: float, turn: int, told: Requests, agent: str) -> None:
        function = self._effects.function(agent)
        ends, takes_ms = told.one_of(told.ends, turn), _in_turn(told.takes, turn)
        rollout = self._rollouts.get(agent)
        by_new = rollout is not None and rollout.takes_next(time)
        if rollout is not None and by_new:
            number = next(rollout.served)
            ends = _in_turn(rollout.told.ends, number) if rollout.told.ends else ends
            takes_ms = _in_turn(rollout.told.takes, number) if rollout.told.takes else takes_ms
        request = Request(
            agent=agent,
            ends=ends,
            takes_ms=function.timeout_s * _MILLISECONDS if ends is RequestEnd.TIMEOUT else takes_ms,
            cold_ms=_in_turn(told.cold, turn),
            restored_ms=_in_turn(told.restored, turn),
            memory_mb=_in_turn(told.memory_mb, turn) if told.memory_mb else function.memory_mb // 3,
            cost_usd=told.cost_usd,
            model_calls=told.model_calls,
            model_errors=told.model_errors,
            model_throttles=told.model_throttles,
        )
        lasts_ms = 0 if ends is RequestEnd.THROTTLED else request.lasts_ms
        # Before a deployment, and after one that went back, the only version is the newest.
        newest = by_new or rollout is None or rollout.gone_back_at is not None
        self._publish(self._effects.of_request(request, newest), time, lasts_ms)
        if told.asynchronous and ends.fails:
            self._queues.add(agent, time + lasts_ms / _MILLISECONDS)

    def _publish(self, effects: tuple[Effect, ...], start: float, lasts_ms: int) -> None:
        end = start + lasts_ms / _MILLISECONDS
        for effect in effects:
            time = end if effect.at_end else start
            self._buckets.publish(effect.source, time, end + self._delay_s, effect.amount)

    def _look_at_another_version(self, agent: str) -> None:
        for source in self._by_version.get(self._app.function_name(agent), ()):
            self._watch.forget(source)

    def _go_back(self, change: Change) -> None:
        for agent, rollout in self._rollouts.items():
            under_way = change.time < rollout.since + rollout.told.lasts_s + MINUTE
            if under_way and change.alarm in self._deployed.going_back.get(agent, ()):
                rollout.gone_back_at = rollout.gone_back_at or change.time

    def _put_alarms_back(self, now: int) -> None:
        for agent, rollout in self._rollouts.items():
            if rollout.gone_back_at == now - _STACK_GOES_BACK_S:
                self._look_at_another_version(agent)


def _in_turn(values: tuple[_Value, ...], turn: int) -> _Value:
    return values[turn % len(values)]


def _sent(changes: tuple[Change, ...], deployed: Deployed, story: Story) -> Iterator[Notification]:
    for change in changes:
        if change.after is State.OK and change.time <= story.CONFIRMED_S:
            continue
        for to in sorted(deployed.actions.get((change.alarm, change.after), ())):
            yield Notification(change.time, change.alarm, change.after, to, change.because)


def _failures(
    story: Story, sent: tuple[Notification, ...], alarms: Mapping[str, DescribedAlarm]
) -> Iterator[str]:
    unexpected = list(sent)
    for expected in story.sends:
        met: dict[str, Notification] = {}
        for one in unexpected:
            fits = (one.to, one.state) == (expected.to, expected.state)
            in_time = expected.first <= one.time <= expected.last
            if fits and in_time and matches(expected.alarm, alarms[one.alarm]):
                met.setdefault(one.alarm, one)
        if not met:
            yield f"{expected.text}: it was not sent"
        unexpected = [one for one in unexpected if one is not met.get(one.alarm)]
    for one in unexpected:
        yield f"{one}: sent, and not expected"
