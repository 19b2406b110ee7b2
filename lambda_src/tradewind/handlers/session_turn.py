"""A request as the next turn of its conversation: from the claim to the turn, or to nothing."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tradewind.aws.deadline import Deadline, calls_within, leaving
from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.contracts.errors import (
    AnswerTooLarge,
    SessionBusy,
    SessionChanged,
    SessionUnreadable,
    StorageUnavailable,
    TradewindError,
)
from tradewind.contracts.names import session_key, session_project
from tradewind.contracts.request import AgentRequest
from tradewind.contracts.response import AgentAnswer
from tradewind.conversations.bounds import CallTokens, bounded, turn_tokens
from tradewind.conversations.item import CONTENT_LIMIT, TurnRequest, pack_turn
from tradewind.conversations.settling import appended_by
from tradewind.conversations.table import Claim, SessionTable
from tradewind.handlers.continuation import Continuation
from tradewind.records.item import RecordedRequest
from tradewind.records.kept_answer import EncodedAnswer
from tradewind.run.agent_run import AgentRun
from tradewind.telemetry.logger import get_logger

#: How long a run that goes on waits for its conversation, and how often it looks.
PATIENCE_S: Final = 60.0
_LOOK_S: Final = 1.0
#: How long an answer waits for its conversation at most, however much time is left.
WAIT_S: Final = 5.0
#: Bytes by which a packed answer may grow between the check and the turn's end: its times.
_GROWTH: Final = 1_000
#: Of the time that is left to write in, the most of it: the record has to be written after it.
_SHARE: Final = 0.5


@dataclass
class SessionTurn:
    """A turn at work.

    Attributes:
        history: The turns before it, as many as there is room for.
        left_out: How many of them the model is not told. None are counted of a run that goes on.
        kept: The answer of an earlier run of the same request that appended its turn and died.
        appended: Whether the turn is in the conversation; None while nobody knows.
    """

    _sessions: SessionTable
    _claim: Claim
    _query: str
    history: list[PastTurn] = field(default_factory=list)
    left_out: int = 0
    kept: EncodedAnswer | None = None
    appended: bool | None = False
    _messages: TurnMessages | None = None
    _asked_at: float = field(default_factory=time.time)

    @classmethod
    def begin(
        cls,
        sessions: SessionTable,
        recorded: RecordedRequest,
        session_id: str,
        query: str,
        *,
        deadline: Deadline,
        history_tokens: int,
        repeated: bool,
        continued: Continuation | None = None,
    ) -> "SessionTurn":
        """Claim the conversation and read it.

        Args:
            sessions: Where it is kept.
            recorded: The request, as its record was begun.
            session_id: Which conversation.
            query: The question.
            deadline: Of the function.
            history_tokens: How much of the conversation goes to the model.
            repeated: Whether an earlier run of the request may have appended its turn.
            continued: What it goes on from, if it does: it has its history, and waits a while for a
                turn at work.

        Raises:
            TradewindError: See ``SessionTable.claim``; or it could not be read, or is another than
                the one to go on with. Then it is not held any more, as far as that could be
                written.
        """
        request = TurnRequest(
            session_key=session_key(owner=recorded.owner, session_id=session_id),
            agent=recorded.agent,
            record_id=recorded.record_id,
            request_id=recorded.request_id,
            attempt=recorded.attempt,
        )
        patience_s = 0.0 if continued is None else min(PATIENCE_S, deadline.remaining_s() / 4)
        try:
            claim = _claimed(sessions, request, deadline, patience_s)
        except (StorageUnavailable, SessionUnreadable):
            _let_go(sessions, request)  # it may be held all the same
            raise
        turn = cls(sessions, claim, query)
        if continued is not None:
            if claim.head.epoch != continued.epoch:
                turn._release()
                raise SessionChanged(
                    "The conversation was deleted while the request waited for a person.",
                    field="session_id",
                )
            turn._asked_at = continued.asked_at
            return turn
        try:
            if repeated:
                turn.kept = appended_by(sessions, claim.head, recorded.record_id)
            if turn.kept is None:
                turn.history = bounded(sessions.turns(claim.head), history_tokens)
                turn.left_out = claim.head.turns - len(turn.history)
        except BaseException:
            turn._release()
            raise
        if turn.kept is not None:
            turn._release()
        return turn

    @property
    def epoch(self) -> str:
        """Of the conversation: another one's is another's, also under the same id."""
        return self._claim.head.epoch

    def check(self, run: AgentRun, answer: AgentAnswer) -> TradewindError | None:
        """See whether the turn can be kept, before anything of it becomes visible.

        Returns:
            Why not.
        """
        self._messages = run.new_messages
        try:
            pack_turn(
                self._query, None, answer.model_dump(mode="json"), limit=CONTENT_LIMIT - _GROWTH
            )
        except AnswerTooLarge as error:
            return error
        return None

    def end(
        self,
        encoded: EncodedAnswer,
        calls: Sequence[CallTokens],
        closing_s: Callable[[], float],
    ) -> TradewindError | None:
        """Append a turn that has succeeded; let the conversation go after any other.

        Args:
            encoded: The answer.
            calls: The tokens of the turn's model calls, in order.
            closing_s: Tells the seconds left to write in.

        Returns:
            Why a turn that succeeded is not in the conversation, as far as can be told.
        """
        left_s, give_up = leaving(1 - _SHARE, closing_s), time.monotonic() + WAIT_S
        with calls_within(lambda: min(left_s(), give_up - time.monotonic())):
            if not encoded.answer.success:
                self._release()
                return None
            self.appended = None
            try:
                self._append(encoded, calls)
            except TradewindError as error:
                get_logger().error("Turn not appended", error_code=error.code)
                self.appended = self._is_there(error)
                return None if self.appended else error
            self.appended = True
        return None

    def pause(self, closing_s: Callable[[], float]) -> None:
        """Let the conversation go while the turn waits for a person; others may go on with it."""
        left_s, give_up = leaving(1 - _SHARE, closing_s), time.monotonic() + WAIT_S
        with calls_within(lambda: min(left_s(), give_up - time.monotonic())):
            self._release()

    def _is_there(self, error: TradewindError) -> bool | None:
        """Whether a turn is in the conversation though appending it failed; None: who knows."""
        if isinstance(error, SessionChanged):
            self._release()
            return False
        try:
            # With the claim goes every possibility that it is appended yet.
            return not self._sessions.release(self._claim) and self._sessions.appended(self._claim)
        except TradewindError as unknown:
            get_logger().error("Turn perhaps appended", error_code=unknown.code)
            return None

    def _append(self, encoded: EncodedAnswer, calls: Sequence[CallTokens]) -> None:
        packed, with_messages = pack_turn(self._query, self._messages, encoded.document)
        messages = self._messages if with_messages else None
        words = [self._query, encoded.answer.response]
        tokens = turn_tokens(
            self._query,
            messages.values if messages else words,
            calls if messages else (),
        )
        self._sessions.append(self._claim, packed, asked_at=self._asked_at, tokens=tokens)

    def _release(self) -> None:
        _let_go(self._sessions, self._claim.request)


def _claimed(
    sessions: SessionTable, request: TurnRequest, deadline: Deadline, patience_s: float
) -> Claim:
    give_up = time.monotonic() + patience_s
    while True:
        try:
            return sessions.claim(request, remaining_s=deadline.killed_in_s())
        except SessionBusy:
            if time.monotonic() + _LOOK_S > give_up:
                raise
        time.sleep(_LOOK_S)


def _let_go(sessions: SessionTable, request: TurnRequest) -> None:
    """Let a conversation go. Failing to changes no answer; the claim ends by itself."""
    try:
        sessions.let_go(request.session_key, request.attempt)
    except TradewindError as error:
        get_logger().error("Conversation not released", error_code=error.code)


def project_of(request: AgentRequest) -> str:
    """The project that a request works on: its own, its conversation's, or a new one."""
    if request.project_id is not None:
        return request.project_id
    if request.session_id is not None:
        return session_project(session_key(owner=request.owner, session_id=request.session_id))
    return f"project-{uuid.uuid4().hex[:12]}"
