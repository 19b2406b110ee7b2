"""The tools of a run: opened before its first call, and closed after its last, however it ends."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, InvalidRun, Unsupported
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.selection import NETWORK_TOOLS, Choice, Kind, Selection
from tradewind.workflow.spec.tools import SKILL_TOOL
from tradewind.workflow_agents.availability import PYTHON, unavailable
from tradewind.workflow_agents.statistics import Statistics
from tradewind.workflow_agents.tools.file_tools import file_tools
from tradewind.workflow_agents.tools.folder import Folder
from tradewind.workflow_agents.tools.names import Names
from tradewind.workflow_agents.tools.native import local_tools
from tradewind.workflow_agents.tools.notes import Notes
from tradewind.workflow_agents.tools.python_exec import Consent, consented, python_tool
from tradewind.workflow_agents.tools.redaction import Redactor
from tradewind.workflow_agents.tools.secret_values import Secrets
from tradewind.workflow_agents.tools.skills import Skills
from tradewind.workflow_agents.tools.surroundings import (
    PUBLIC,
    Network,
    Patience,
    network_of_servers,
)
from tradewind.workflow_agents.tools.tool import Calls, WorkflowTool

if TYPE_CHECKING:
    from mcp_types import Tool

    from tradewind.workflow_agents.tools.mcp_servers import Server

#: The variable that consents to what a person is asked about otherwise.
BYPASS: Final = "BYPASS_TOOL_CONSENT"
#: Of a tool that a server tells of.
LONGEST_DESCRIPTION: Final = 8_000


class Tools:
    """The tools of one run. See ``open_tools``.

    Args:
        made: The tools, by what they were chosen as.
        selection: Says who has which.
        calls: Makes their calls.
        listing: What each agent is told of the skills; empty if there are none.
        notes: The run's notes; None if the file asks for none.
    """

    def __init__(
        self,
        made: Mapping[Choice, list[WorkflowTool]],
        selection: Selection,
        calls: Calls,
        listing: str,
        notes: Notes | None,
    ) -> None:
        self._made = made
        self._selection = selection
        self._calls = calls
        self._listing = listing
        self._notes = notes
        self._writing = asyncio.Lock()

    def for_agent(self, agent_id: str, names: tuple[str, ...] | None) -> list[Any]:
        """Strands' tools of an agent.

        Args:
            agent_id: The agent.
            names: What it has; None for all that the file declares, and empty for none of it.

        Raises:
            AgentFailed: One is nobody's in the file. Only a call from elsewhere can ask for that.
        """
        chosen = self._selection.of(names)
        strange = [choice.name for choice in chosen if choice not in self._made]
        if strange:
            raise AgentFailed(f"the file gives nobody these tools: {', '.join(strange)}")
        return [tool for choice in chosen for tool in self._made[choice]]

    def system_text(self, agent_id: str, step_key: str) -> str:
        """What is added to an agent's system prompt for a step: skills, and the last notes."""
        last = self._notes.last() if self._notes is not None else ""
        return "\n\n".join(filter(None, (self._listing, last)))

    async def record(self, call: AgentCall, outcome: AgentReply | Exception) -> None:
        """Note how a call ended. What cannot be written is logged."""
        used = self._calls.used.pop(call.key, [])
        self._calls.failures.pop(call.key, None)
        if self._notes is not None:
            async with self._writing:
                await asyncio.to_thread(self._notes.add, call, outcome, used)

    def check(self, step_key: str) -> None:
        """Keep an answer from counting that a tool's server was missing for.

        Raises:
            AgentFailed: An MCP server that the step asked has ended, or did not answer.
        """
        failure = self._calls.failures.pop(step_key, None)
        if failure is not None:
            raise failure


@asynccontextmanager
async def open_tools(
    loaded: Loaded,
    *,
    run_id: str,
    environ: Mapping[str, str],
    root: Path,
    allow: Consent | None = None,
    network: Network | None = None,
    patience: Patience = Patience(),  # noqa: B008  it is immutable
    statistics: Statistics | None = None,
) -> AsyncIterator[Tools]:
    """Open the tools of a run, and close all of them after it.

    Args:
        loaded: The workflow, without errors.
        run_id: Of the run.
        environ: Where secrets are. ``BYPASS_TOOL_CONSENT=true`` consents to everything.
        root: The folder of the files that tools work on, and of the notes.
        allow: Asked before a tool runs a program or changes a file that it did not make.
        network: What may be reached. If it is not said, public addresses, and by MCP servers'
            `url` what ``network_of_servers`` says.
        patience: How long MCP servers are waited for.
        statistics: Told of the clients that are opened, and of calls.

    Raises:
        InvalidRun: The file has errors; a variable that it names is not set; or its notes would
            be outside of ``root``.
        Unsupported: A tool cannot work here. All such are named.
        AgentFailed: An MCP server does not start.
    """
    spec = loaded.spec
    if spec is None:
        raise InvalidRun(f"{loaded.file} has errors")
    servers = network_of_servers() if network is None else network
    missing = unavailable(spec, environ, servers.fault_of_url)
    if missing:
        raise Unsupported("; ".join(missing))
    if environ.get(BYPASS, "").lower() == "true":
        allow = consented
    calls = _calls(spec, environ, statistics or Statistics())
    noted = spec.context_policy.notes
    notes = None if noted is None else Notes(noted, root, calls.hide)
    async with AsyncExitStack() as stack:
        opening = _Opening(
            folder=loaded.folder,
            root=root,
            spec=spec,
            calls=calls,
            network=PUBLIC if network is None else network,
            servers=servers,
            stack=stack,
        )
        made = await opening.made(allow, patience)
        selection = Selection(spec)
        is_read = any(one.kind is Kind.SKILLS for one in made)
        listing = opening.skills.listing() if is_read else ""
        yield Tools(made, selection, calls, listing, notes)


def _calls(spec: Spec, environ: Mapping[str, str], statistics: Statistics) -> Calls:
    personal = None
    if spec.security.guardrails.pii_redaction:
        patterns = spec.telemetry.redact.custom_patterns if spec.telemetry is not None else ()
        personal = Redactor(patterns)
    return Calls(Secrets(spec.env, environ), personal, statistics=statistics)


class _Opening:
    """Makes the tools that some agent has. What is opened is closed with the stack."""

    def __init__(
        self,
        *,
        folder: Path,
        root: Path,
        spec: Spec,
        calls: Calls,
        network: Network,
        servers: Network,
        stack: AsyncExitStack,
    ) -> None:
        self.skills = Skills(spec.skills, folder)
        self._folder = folder
        self._root = root
        self._spec = spec
        self._calls = calls
        self._network = network
        self._server_network = servers
        self._stack = stack
        self._chosen = Selection(spec).used()
        native = {one.name for one in self._chosen if one.kind is Kind.NATIVE}
        self._names = Names({SKILL_TOOL, *native})

    async def made(
        self, allow: Consent | None, patience: Patience
    ) -> dict[Choice, list[WorkflowTool]]:
        """The tools, by what they are chosen as."""
        chosen = self._chosen
        native = self._native(chosen, allow)
        made: dict[Choice, list[WorkflowTool]] = {}
        for choice in chosen:
            if choice.kind is Kind.NATIVE:
                made[choice] = [native[choice.name]]
            elif choice.kind is Kind.SKILLS:
                made[choice] = [self.skills.tool(self._calls)]
            elif choice.kind is Kind.EXECUTOR:
                made[choice] = [self._executor(choice.name)]
        servers = [choice for choice in chosen if choice.kind is Kind.SERVER]
        for choice, server in zip(servers, await self._servers(servers, patience), strict=True):
            made[choice] = [self._of_server(server, one) for one in server.tools]
        for choice, tools in made.items():
            self._calls.kinds.update((one.tool_name, choice.kind) for one in tools)
        return made

    def _native(self, chosen: list[Choice], allow: Consent | None) -> dict[str, WorkflowTool]:
        tools = {
            **local_tools(self._calls),
            **file_tools(Folder(self._root), self._calls, allow),
            PYTHON: python_tool(self._calls, allow),
        }
        if any(choice.name in NETWORK_TOOLS for choice in chosen):
            from tradewind.workflow_agents.tools.web_tools import Web  # noqa: PLC0415  as below

            web = Web(self._network, self._calls.secrets)
            self._stack.push_async_callback(web.aclose)
            self._calls.statistics.opened("http")
            tools |= web.tools(self._calls)
        return tools

    def _executor(self, name: str) -> WorkflowTool:
        # Libraries of the network, and the one below of MCP, are for those who have such tools.
        from tradewind.workflow_agents.tools.http_executors import Executor  # noqa: PLC0415

        (spec,) = (one for one in self._spec.tools.http_executors if one.id == name)
        executor = Executor(spec, self._calls.secrets, self._network)
        self._stack.push_async_callback(executor.aclose)
        self._calls.statistics.opened("http")
        return executor.tool(self._names.free(name), self._calls)

    async def _servers(self, chosen: list[Choice], patience: Patience) -> "list[Server]":
        if not chosen:
            return []
        from tradewind.workflow_agents.tools.mcp_servers import Server  # noqa: PLC0415

        specs = {one.id: one for one in self._spec.tools.mcp}
        servers = [
            Server(
                specs[one.name], self._calls.secrets, self._server_network, self._folder, patience
            )
            for one in chosen
        ]
        for server in servers:
            self._stack.push_async_callback(server.aclose)
            self._calls.statistics.opened("mcp")
        # All at once, and all of them to their end: the first to fail is told of.
        ended = await asyncio.gather(*(one.open() for one in servers), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        return servers

    def _of_server(self, server: "Server", one: "Tool") -> WorkflowTool:
        from tradewind.workflow_agents.tools.mcp_servers import outline  # noqa: PLC0415

        async def work(given: Mapping[str, Any]) -> str:
            return await server.call(one.name, given)

        return WorkflowTool(
            self._names.free(one.name, f"{server.id}_{one.name}"),
            (one.description or one.title or f"A tool of {server.id}.")[:LONGEST_DESCRIPTION],
            one.input_schema,
            self._calls,
            work,
            held_to=outline(one.input_schema),
        )
