"""Which tools an agent has: what it or its step names, what all get, less what is forbidden."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.tools import SKILL_TOOL, is_native

#: Native tools that leave this machine.
NETWORK_TOOLS: Final = frozenset(
    {"http_request", "web_fetch", "tavily_search", "duckduckgo_search"}
)


class Kind(StrEnum):
    """What a tool is; the first three are the words for all of a kind."""

    NATIVE = "python"
    EXECUTOR = "http_executors"
    SERVER = "mcp"
    SKILLS = "skills"


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool, or a server's tools.

    Attributes:
        kind: What it is.
        name: A native tool's name, or the id of what the file declares.
        spellings: More names by which the file may allow it.
    """

    kind: Kind
    name: str
    spellings: frozenset[str] = field(default=frozenset(), compare=False)


class Selection:
    """Chooses among a file's tools.

    Args:
        spec: The file.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._executors = {one.id: one for one in spec.tools.http_executors}
        self._servers = {one.id: one for one in spec.tools.mcp}
        rules = spec.security.guardrails
        self._no_network = rules.deny_network
        self._allowed = None if rules.allow_tools is None else frozenset(rules.allow_tools)

    def of(self, names: tuple[str, ...] | None) -> list[Choice]:
        """The tools of an agent, each once.

        Args:
            names: What it names; None for all that the file declares.
        """
        chosen = self._declared() if names is None else self._named(names)
        every = [*chosen, *self._of_every_agent()]
        return [choice for choice in dict.fromkeys(every) if self._may(choice)]

    def used(self) -> list[Choice]:
        """All that some agent has, in one step or another."""
        lists = [agent.tools for agent in self._spec.agents.values()]
        lists += _overrides(self._spec.pattern)
        return [*dict.fromkeys(choice for names in lists for choice in self.of(names))]

    def _declared(self) -> list[Choice]:
        return [
            choice
            for kind in (Kind.NATIVE, Kind.EXECUTOR, Kind.SERVER)
            for choice in self._of_kind(kind)
        ]

    def _of_kind(self, kind: Kind) -> list[Choice]:
        if kind is Kind.NATIVE:
            return [_native(one.callable) for one in self._spec.tools.python]
        declared = self._executors if kind is Kind.EXECUTOR else self._servers
        return [Choice(kind, name) for name in declared]

    def _named(self, names: tuple[str, ...]) -> Iterator[Choice]:
        for name in names:
            # What is none of these has been warned of.
            if name in self._executors:
                yield Choice(Kind.EXECUTOR, name)
            elif name in self._servers:
                yield Choice(Kind.SERVER, name)
            elif is_native(name):
                yield _native(name)
            elif name in (Kind.NATIVE, Kind.EXECUTOR, Kind.SERVER):
                yield from self._of_kind(Kind(name))

    def _of_every_agent(self) -> Iterator[Choice]:
        retrieval = self._spec.context_policy.retrieval
        if retrieval is not None:
            yield from map(_native, retrieval.jit_tools)
            for name in retrieval.mcp_servers:
                if name in self._servers:
                    yield Choice(Kind.SERVER, name)
        if self._spec.skills:
            yield Choice(Kind.SKILLS, SKILL_TOOL)

    def _may(self, choice: Choice) -> bool:
        """Whether the file's guardrails let an agent have it."""
        if self._no_network and self._leaves(choice):
            return False
        if self._allowed is None:
            return True
        return not self._allowed.isdisjoint({choice.name, choice.kind.value, *choice.spellings})

    def _leaves(self, choice: Choice) -> bool:
        if choice.kind is Kind.SERVER:
            return self._servers[choice.name].url is not None
        return choice.kind is Kind.EXECUTOR or choice.name in NETWORK_TOOLS


def _native(callable_: str) -> Choice:
    name = callable_.rpartition(".")[2]
    return Choice(Kind.NATIVE, name, frozenset({callable_, name}))


def _overrides(part: object) -> Iterator[tuple[str, ...]]:
    """The tools that steps have in the place of their agents', wherever they are in a pattern."""
    if isinstance(part, BaseModel):
        for name, value in part:
            if name in ("tools", "tool_overrides") and isinstance(value, tuple):
                yield value
            else:
                yield from _overrides(value)
    elif isinstance(part, tuple | list):
        for entry in part:
            yield from _overrides(entry)
    elif isinstance(part, dict):
        for entry in part.values():
            yield from _overrides(entry)
