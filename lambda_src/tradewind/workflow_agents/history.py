"""Conversations that go on from call to call, and are summarized when they grow long.

What is kept between two calls is plain JSON: it lives in the run's state, and a run may be resumed
elsewhere. A conversation is summarized before a call and not within one, so that the call's own
cancellation ends that work too. Strands' summarizing manager does it in a thread and a loop of its
own, where the run's models and threads are not to be had, and blocks the run meanwhile.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from strands.types.content import Message, Messages
from strands.types.session import decode_bytes_values, encode_bytes_values

from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow.engine.limits import estimate_tokens
from tradewind.workflow.spec.model import Compaction

#: Converse messages, bytes in them in base64.
FORMAT: Final = "strands/1"
#: Tokens of a conversation beyond which it is summarized, where the file says nothing.
MOST_TOKENS: Final = 60_000
#: What a summary begins with in the conversation that goes on.
_SO_FAR: Final = "Summary of the conversation so far:\n"

Summarize = Callable[[str], Awaitable[str]]


@dataclass(slots=True)
class Conversation:
    """A conversation between two calls.

    Attributes:
        messages: All of it, ended by the assistant.
        tokens: About how many it has.
    """

    messages: Messages
    tokens: int = 0

    @classmethod
    def of(cls, history: Any) -> "Conversation":
        """The conversation that ``to_json`` gave; a new one for None.

        Raises:
            AgentFailed: It is none.
        """
        if history is None:
            return cls([])
        try:
            known = history["format"] == FORMAT
            messages = cast(Messages, decode_bytes_values(history["messages"]))
            tokens = int(history["tokens"])
            for message in messages:
                _ = message["role"], [*message["content"]]
        except (KeyError, TypeError, ValueError):
            known = False
        if not known:
            raise AgentFailed("HISTORY_UNREADABLE: the conversation is in no form known here")
        return cls(messages, tokens)

    @classmethod
    def counted(cls, messages: Messages, tokens: int = 0) -> "Conversation":
        """A conversation with as many tokens as a provider counted, or else about as many."""
        return cls(messages, tokens or estimate_tokens(_as_text(messages)))

    def to_json(self) -> dict[str, Any]:
        """As plain values of JSON."""
        plain = [{"role": one["role"], "content": one["content"]} for one in self.messages]
        return {"format": FORMAT, "messages": encode_bytes_values(plain), "tokens": self.tokens}


async def compacted(
    conversation: Conversation, question: str, policy: Compaction, summarize: Summarize
) -> Conversation:
    """A conversation with its oldest part summarized, if it has grown too long.

    Whole turns are summarized, as many as ``summary_ratio`` says and at least one, and the last
    messages stay: ``preserve_recent_messages``, or half of them where they are few. The summary
    comes before what the user said first of the rest, so that the two sides go on alternating.

    Args:
        conversation: So far.
        question: What comes next.
        policy: The file's.
        summarize: Asks a model for the summary of a text.
    """
    most = policy.when_tokens_over or MOST_TOKENS
    if conversation.tokens + estimate_tokens(question) <= most:
        return conversation
    messages = conversation.messages
    end = _end_of_summary(messages, policy)
    if end == 0:
        return conversation
    summary = _SO_FAR + await summarize(_as_text(messages[:end]))
    first, rest = messages[end], messages[end + 1 :]
    begun: Message = {"role": "user", "content": [{"text": summary}, *first["content"]]}
    kept: Messages = [begun, *rest]
    return Conversation.counted(kept)


def _end_of_summary(messages: Messages, policy: Compaction) -> int:
    """How many messages are summarized: up to where a turn begins; 0 for none."""
    recent = min(policy.preserve_recent_messages, len(messages) // 2)
    turns = [
        index
        for index, message in enumerate(messages)
        if 0 < index <= len(messages) - recent
        and message["role"] == "user"
        and not any("toolResult" in block for block in message["content"])
    ]
    wanted = len(messages) * policy.summary_ratio
    within = [index for index in turns if index <= wanted]
    return within[-1] if within else next(iter(turns), 0)


def _as_text(messages: Messages) -> str:
    """A conversation in words: a model that is given calls of tools wants the tools as well."""
    return "\n\n".join(
        f"{message['role']}: {' '.join(map(_in_words, message['content']))}" for message in messages
    )


def _in_words(block: Any) -> str:
    if "text" in block:
        return str(block["text"])
    if "toolUse" in block:
        return f"[calls {block['toolUse']['name']} with {_json(block['toolUse']['input'])}]"
    if "toolResult" in block:
        return f"[the tool answers: {' '.join(map(_in_words, block['toolResult']['content']))}]"
    if "json" in block:
        return _json(block["json"])
    return f"[{next(iter(block), 'nothing')}]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
