"""What the stand-in's model is to say, where a test needs its very words and figures."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from devtools.localcloud.bedrock import Fault, scripted
from devtools.localcloud.bedrock.conversation import Conversation
from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.reply import Reply, TextBlock, ToolUseBlock


@dataclass(frozen=True)
class Tokens:
    """What the service says that an answer took: four different figures."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True)
class Said(Reply):
    """A reply that tells of a prompt cache, too."""

    tokens: Tokens = field(default_factory=Tokens)

    def usage(self) -> dict[str, int]:
        return {
            "inputTokens": self.tokens.input,
            "outputTokens": self.tokens.output,
            "totalTokens": self.tokens.input + self.tokens.output,
            "cacheReadInputTokens": self.tokens.cache_read,
            "cacheWriteInputTokens": self.tokens.cache_write,
        }


def says(text: str, tokens: Tokens | None = None) -> Reply:
    """An answer in words; none without a text."""
    blocks = (TextBlock(text),) if text else ()
    return Said(blocks, "end_turn", 0, 0, tokens or Tokens())


def calls(tool: str, tokens: Tokens | None = None, **arguments: Any) -> Reply:
    """A call of a tool."""
    call = ToolUseBlock(f"call-of-{tool}", tool, json.dumps(arguments))
    return Said((call,), "tool_use", 0, 0, tokens or Tokens())


#: Lets the stand-in's model say these replies, one a request; the last one for good.
Script = Callable[..., None]


def script_for(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Return what gives the stand-in's model its script."""

    def give(*replies: Reply) -> None:
        left = list(replies)

        def answer(_conversation: Conversation) -> Reply:
            return left.pop(0) if len(left) > 1 else left[0]

        monkeypatch.setattr(scripted, "answer", answer)

    return give


@dataclass(frozen=True)
class Refusal(Fault):
    """An HTTP error with any code in place of an answer."""

    code: str = ""
    status: int = 400

    def http_error(self) -> ServiceError:
        return ServiceError(self.status, self.code, self.message or "because")
