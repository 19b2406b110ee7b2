"""Nodes and the ways between them: it is gone from node to node until one has no way on."""

from collections.abc import Mapping
from typing import Any

from tradewind.workflow.engine.errors import BudgetSpent
from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.run import NEUTRAL_REQUEST, Run
from tradewind.workflow.engine.state import Paused, Record
from tradewind.workflow.spec.patterns import Edge, GraphConfig
from tradewind.workflow.spec.steps import AgentNode, HumanStep
from tradewind.workflow.text.conditions import condition
from tradewind.workflow.text.faults import RenderingFailed
from tradewind.workflow.text.templates import Names


class _Unvisited(dict[str, Any]):
    """A node's record before its first visit: false, with a response that prints nothing."""

    def __bool__(self) -> bool:
        return False


async def run_graph(run: Run, config: GraphConfig) -> Outcome:
    """Go through a graph."""
    edges: dict[str, Edge] = {}
    for edge in config.edges:
        edges.setdefault(edge.source, edge)
    names = run.names()
    nodes = names["nodes"] = Names(
        {
            name: _Unvisited(_record(node, "", "not_executed", 0))
            for name, node in config.nodes.items()
        }
    )
    path: list[str] = []
    visits = dict.fromkeys(config.nodes, 0)
    current: str | None = next(iter(config.nodes))
    most = run.allowance.max_steps
    while current is not None:
        if visits[current] >= config.max_iterations:
            raise run.failed(f"node {current} was visited {config.max_iterations} times already")
        if most is not None and len(path) >= most:
            spent = BudgetSpent(f"the budget of {most:,} steps is spent")
            run.end(spent)
            raise spent
        path.append(current)
        visits[current] += 1
        await _visit(run, config, current, visits[current], names)
        current = _next(run, current, edges.get(current), names)
    last = path[-1]
    return Outcome(
        nodes[last]["response"],
        {
            **names,
            "terminal_node": last,
            "total_steps": len(path),
            "execution_path": path,
            "iteration_counts": {name: count for name, count in visits.items() if count},
        },
    )


async def _visit(
    run: Run, config: GraphConfig, name: str, visit: int, names: dict[str, Any]
) -> None:
    node, nodes = config.nodes[name], names["nodes"]
    key = f"nodes/{name}/{visit}"
    if isinstance(node, HumanStep):
        try:
            done = run.person(key, node, names)
        except Paused:
            nodes[name] = _record(node, nodes[name]["response"], "waiting_for_user", visit)
            raise
        names["hitl_response"] = done["response"]
    else:
        done = await run.agent(
            key, node.agent, node.input, names, text=NEUTRAL_REQUEST, scope="nodes"
        )
    nodes[name] = _record(node, done["response"], "success", visit)
    names["last_response"] = done["response"]


def _record(node: AgentNode | HumanStep, response: str, status: str, visits: int) -> Record:
    agent = None if isinstance(node, HumanStep) else node.agent
    return {"response": response, "agent": agent, "status": status, "iteration": visits}


def _next(run: Run, name: str, edge: Edge | None, names: Mapping[str, Any]) -> str | None:
    if edge is None:
        return None
    if edge.to is not None:
        return edge.to[0]
    for choice in edge.choose or ():
        try:
            if condition(choice.when).holds(names):
                return choice.to
        except RenderingFailed as error:
            raise run.failed(f"the condition {choice.when!r} after {name}: {error}") from None
    return None
