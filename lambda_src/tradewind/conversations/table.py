"""Conversations in a DynamoDB table: one turn at a time, each appended by one conditional write.

A turn claims the conversation, is put beside it where nobody sees it, and is appended when the head
is led to it: that one write says that the claim still holds, that the turn is the next one, and
ends the claim. Every write names the attempt that makes it, so that one whose reply was lost is
recognised when it is sent again.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.dynamodb import failed_condition
from tradewind.contracts.errors import (
    DeadlineExceeded,
    SessionBusy,
    SessionChanged,
    SessionOfAnotherAgent,
    StorageUnavailable,
)
from tradewind.contracts.moments import iso
from tradewind.contracts.names import SESSION_TTL
from tradewind.conversations.calls import (
    UNHELD,
    SessionCalls,
    Update,
    busy,
    storage_error,
)
from tradewind.conversations.item import (
    VERSION,
    Head,
    StoredTurn,
    TurnRequest,
    number_prefix,
    read_head,
    read_turn,
    turn_key,
    turns_prefix,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

#: Turns in a page: most conversations' in one, and no more than a few are read in vain.
_PAGE: Final = 20
#: Claims that may find the conversation changed under them before it is given up.
_CLAIMS: Final = 3


@dataclass(frozen=True)
class Claim:
    """A conversation that is one turn's until ``head.held_until``."""

    request: TurnRequest
    head: Head

    @property
    def number(self) -> int:
        """Of the turn that it is held for."""
        return self.head.turns + 1


class SessionTable(SessionCalls):
    """The conversations of a table. See ``SessionCalls`` for what it is made with."""

    def claim(self, request: TurnRequest, *, remaining_s: float) -> Claim:
        """Hold a conversation for a turn; begin it when there is none.

        Args:
            request: What is to become the turn. Its record must be running, and this attempt's: a
                claim of an earlier attempt at the same request is taken over.
            remaining_s: Seconds until its function is killed; the claim ends by itself then.

        Raises:
            SessionBusy: Another turn holds it.
            SessionOfAnotherAgent: It was begun with another agent.
            StorageError: It could not be read or written.
        """
        now = time.time()
        update = Update(
            values={
                "agent": {"S": request.agent},
                "holder": {"S": request.attempt},
                "holder_record": {"S": request.record_id},
                "held_until": {"N": str(math.ceil(now + remaining_s))},
                SESSION_TTL: self.expiry(now),
            },
            unless_there={
                "epoch": {"S": request.attempt},
                "turns": {"N": "0"},
                "created_at": {"S": iso(now)},
                "updated_at": {"S": iso(now)},
            },
            condition=f"({UNHELD} OR #holder_record = :record) "
            "AND (attribute_not_exists(#last) OR #agent = :agent)",
            compared={
                ":now": {"N": str(int(now))},
                ":record": {"S": request.record_id},
                ":agent": {"S": request.agent},
            },
        )
        for _ in range(_CLAIMS):
            try:
                return Claim(request, read_head(self.update(request.session_key, update)))
            except (ClientError, BotoCoreError) as error:
                head = self.head_met(error, request.session_key)
            except DeadlineExceeded as error:
                # Nothing was done for the request: it must not be taken for answered.
                raise StorageUnavailable("There was no time to claim the conversation.") from error
            if head is None:
                continue  # deleted meanwhile
            if head.last is not None and head.agent != request.agent:
                raise SessionOfAnotherAgent(
                    f"This conversation was begun with the {head.agent} agent. Ask that one, or "
                    "begin another conversation.",
                    field="session_id",
                )
            raise busy(head, now)
        raise SessionBusy("The conversation is being deleted. Send it again.", field="session_id")

    def turns(self, head: Head) -> Iterator[StoredTurn]:
        """Read a conversation's turns, the newest first, page by page.

        Those that have expired are not told, nor what stands before them.

        Raises:
            StorageError: They could not be read.
        """
        wanted, number = head.last, head.turns
        now = int(time.time())
        for item in self.query(head.session_key, turns_prefix(head.epoch), limit=_PAGE):
            if wanted is None:
                return
            turn = read_turn(item)
            if turn.number < number:
                return  # the one that was wanted is gone, and so are those before it
            if (turn.number, turn.attempt) != (number, wanted):
                continue  # of an attempt that never came to append it
            if turn.expires_at < now:
                return
            yield turn
            wanted, number = turn.previous, number - 1

    def append(self, claim: Claim, packed: bytes, *, asked_at: float, tokens: int) -> None:
        """Append the turn, and end the claim.

        Args:
            claim: As ``claim`` gave it.
            packed: The turn's words; see ``pack_turn``.
            asked_at: When the question came, in epoch seconds.
            tokens: What the turn takes of a model's context.

        Raises:
            SessionChanged: The claim is another's by now, or the conversation was deleted.
            StorageError: It could not be written. Whether it was, the next claim of the same
                request tells.
        """
        request, head = claim.request, claim.head
        now = time.time()
        item: dict[str, AttributeValueTypeDef] = {
            **turn_key(
                request.session_key, number_prefix(head.epoch, claim.number) + request.attempt
            ),
            "version": {"N": str(VERSION)},
            "number": {"N": str(claim.number)},
            "attempt": {"S": request.attempt},
            "record": {"S": request.record_id},
            "request_id": {"S": request.request_id},
            "asked_at": {"S": iso(asked_at)},
            "appended_at": {"S": iso(now)},
            "tokens": {"N": str(tokens)},
            "content": {"B": packed},
            SESSION_TTL: self.expiry(now),
        }
        if head.last is not None:
            item["previous"] = {"S": head.last}
        update = Update(
            values={
                "turns": {"N": str(claim.number)},
                "last": {"S": request.attempt},
                "updated_at": {"S": iso(now)},
                SESSION_TTL: self.expiry(now),
            },
            remove=("holder", "holder_record", "held_until"),
            condition="#holder = :attempt AND #turns = :before",
            compared={
                ":attempt": {"S": request.attempt},
                ":before": {"N": str(head.turns)},
            },
        )
        try:
            self.client.put_item(TableName=self.name, Item=item)
            self.update(request.session_key, update)
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error) from error
            if not self.appended(claim):
                raise SessionChanged(
                    "The conversation was deleted or went on while this turn worked; the turn is "
                    "not in it.",
                    field="session_id",
                ) from error

    def release(self, claim: Claim) -> bool:
        """End a claim without a turn. See ``let_go``."""
        return self.let_go(claim.request.session_key, claim.request.attempt)

    def let_go(self, session_key: str, attempt: str) -> bool:
        """End an attempt's claim, if there is one. One that is another's by now is left alone.

        Returns:
            Whether there was. Then the attempt has appended no turn, and never will.

        Raises:
            StorageError: It could not be written; the claim ends by itself.
        """
        update = Update(
            remove=("holder", "holder_record", "held_until"),
            condition="#holder = :attempt",
            compared={":attempt": {"S": attempt}},
        )
        try:
            self.update(session_key, update)
        except (ClientError, BotoCoreError) as error:
            if not failed_condition(error):
                raise storage_error(error) from error
            return False
        return True

    def appended(self, claim: Claim) -> bool:
        """Whether a turn has been appended whose claim is gone.

        Raises:
            StorageError: It could not be read.
        """
        head = self.head(claim.request.session_key)
        if head is None or head.epoch != claim.head.epoch or head.turns < claim.number:
            return False
        attempt = claim.request.attempt
        if head.turns == claim.number:
            return head.last == attempt
        # Whoever wrote the next turn, appended or not, had found the one that was.
        next_turns = number_prefix(head.epoch, claim.number + 1)
        for item in self.query(head.session_key, next_turns, limit=1):
            return read_turn(item).previous == attempt
        return False
