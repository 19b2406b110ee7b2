"""Workflows by chance, and a plain interpreter of them: one call at a time, nothing kept."""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.workflows import workflow
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.steps import HumanStep
from tradewind.workflow.text.conditions import condition
from tradewind.workflow.text.templates import compiled

#: What an agent says to an input; the same in both.
Say = Callable[[str, str], str]


def say(agent: str, text: str) -> str:
    """An answer that depends on all that it was asked, and is of the shape that was asked for."""
    chance = random.Random(f"{agent}:{text}")  # noqa: S311
    if agent == "b":
        return json.dumps(
            {
                "route": chance.choice(["r0", "r1"]),
                "score": chance.randrange(60, 101),
                "tasks": [f"task {one}" for one in range(chance.randrange(4))],
            }
        )
    return f"{agent}{chance.randrange(1000)}"


def answer(prompt: str) -> str:
    """What a person says to a question."""
    return f"answer to {prompt}"


def random_workflow(seed: int) -> Spec:
    """A workflow of any pattern, with steps of agents and people."""
    chance = random.Random(seed)  # noqa: S311
    pattern = list(_CONFIGS)[seed % len(_CONFIGS)]
    runtime = {"max_parallel": chance.randrange(1, 5)}
    return workflow(pattern, _CONFIGS[pattern](chance), runtime=runtime)


def _step(chance: random.Random, seen: str) -> dict[str, Any]:
    if chance.random() < 0.25:
        return {"type": "hitl", "prompt": f"about {seen}?"}
    return {"agent": chance.choice("ac"), "input": f"{chance.randrange(99)} {seen}"}


def _steps(chance: random.Random) -> list[dict[str, Any]]:
    return [
        _step(chance, "{{ steps[-1].response }}" if place else "{{ topic }}")
        for place in range(chance.randrange(1, 4))
    ]


def _dag(chance: random.Random) -> dict[str, Any]:
    tasks = []
    for number in range(chance.randrange(1, 9)):
        deps = sorted(chance.sample(range(number), min(number, chance.randrange(3))))
        seen = " ".join(f"{{{{ tasks.t{dep}.response }}}}" for dep in deps) + "{{ last_response }}"
        tasks.append({"id": f"t{number}", "deps": [f"t{d}" for d in deps], **_step(chance, seen)})
    chance.shuffle(tasks)
    return {"tasks": tasks}


def _graph(chance: random.Random) -> dict[str, Any]:
    count = chance.randrange(2, 5)
    nodes = {f"n{one}": _step(chance, "{{ last_response }}") for one in range(count)}
    edges = []
    for one in range(count - 1):
        back = f"nodes.n{one}.iteration < {chance.randrange(1, 4)}"
        edges.append(
            {
                "from": f"n{one}",
                "choose": [
                    {"when": back, "to": f"n{chance.randrange(one + 1)}"},
                    {"when": "else", "to": f"n{one + 1}"},
                ],
            }
        )
    return {"nodes": nodes, "edges": edges, "max_iterations": 50}


_CONFIGS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "chain": lambda chance: {"steps": _steps(chance)},
    "workflow": _dag,
    "parallel": lambda chance: {
        "branches": [
            {"id": f"b{one}", "steps": _steps(chance)} for one in range(chance.randrange(2, 5))
        ],
        **(
            {"reduce": _step(chance, "{{ branches.b0.response }}")} if chance.random() < 0.6 else {}
        ),
    },
    "routing": lambda chance: {
        "router": {"agent": "b", "input": f"{chance.randrange(99)}"},
        "routes": {"r0": {"then": _steps(chance)}, "r1": {"then": _steps(chance)}},
    },
    "evaluator_optimizer": lambda chance: {
        "producer": "a",
        "evaluator": {"agent": "b", "input": "{{ draft }}"},
        "accept": {"min_score": chance.randrange(60, 75), "max_iters": 30},
        "revise_prompt": "{{ iteration }} {{ draft }}",
        **({"review_gate": {"type": "hitl", "prompt": "?"}} if chance.random() < 0.5 else {}),
    },
    "orchestrator_workers": lambda chance: {
        "orchestrator": {"agent": "b", "input": f"{chance.randrange(99)}"},
        "worker_template": {"agent": "a"},
        **({"reduce_review": {"type": "hitl", "prompt": "?"}} if chance.random() < 0.5 else {}),
        **({"reduce": _step(chance, "{{ workers }}")} if chance.random() < 0.5 else {}),
    },
    "graph": _graph,
}


def reference(spec: Spec, topic: str) -> tuple[str, int]:
    """The result that a workflow must have, and how many calls it takes."""
    return _Reference(topic).run(spec)


class _Reference:
    def __init__(self, topic: str) -> None:
        self.calls = 0
        self.base = {"topic": topic, "last_response": "", "hitl_response": ""}

    def run(self, spec: Spec) -> tuple[str, int]:
        kind, config = spec.pattern.type, spec.pattern.config
        text: str = getattr(self, f"_{kind}")(config)
        return text, self.calls

    def _ask(self, agent: str, text: str) -> str:
        self.calls += 1
        return say(agent, text)

    def _one(self, step: Any, names: dict[str, Any]) -> str:
        if isinstance(step, HumanStep):
            return answer(compiled(step.prompt).render(names))
        return self._ask(step.agent, compiled(step.input).render(names))

    def _row(self, steps: Any) -> str:
        names: dict[str, Any] = {**self.base, "steps": []}
        for step in steps:
            response = self._one(step, names)
            names["steps"].append({"response": response})
            names["last_response"] = response
        return str(names["last_response"])

    def _chain(self, config: Any) -> str:
        return self._row(config.steps)

    def _workflow(self, config: Any) -> str:
        done: dict[str, dict[str, str]] = {}
        depth: dict[str, int] = {}
        while len(done) < len(config.tasks):
            for task in config.tasks:
                if task.id not in done and all(dep in done for dep in task.deps):
                    last = done[task.deps[-1]]["response"] if task.deps else ""
                    names = {**self.base, "tasks": done, "last_response": last}
                    done[task.id] = {"response": self._one(task, names)}
                    depth[task.id] = 1 + max((depth[dep] for dep in task.deps), default=0)
        deepest = [task.id for task in config.tasks if depth[task.id] == max(depth.values())]
        return done[deepest[-1]]["response"]

    def _parallel(self, config: Any) -> str:
        done = {one.id: {"response": self._row(one.steps)} for one in config.branches}
        if config.reduce is not None:
            return self._one(config.reduce, {**self.base, "branches": done})
        return "\n\n---\n\n".join(f"Branch {one}:\n{done[one]['response']}" for one in sorted(done))

    def _routing(self, config: Any) -> str:
        form = (
            '\n\nReply with a JSON object and nothing else: {"route": "<name>"}. '
            'The names are: "r0", "r1".'
        )
        route = json.loads(self._ask("b", config.router.input + form))["route"]
        return self._row(config.routes[route].then)

    def _evaluator_optimizer(self, config: Any) -> str:
        draft = self._ask("a", "You are a.")
        number = 1
        while json.loads(self._ask("b", draft))["score"] < config.accept.min_score:
            draft = self._ask("a", f"{number} {draft}")
            number += 1
        return draft

    def _orchestrator_workers(self, config: Any) -> str:
        tasks = json.loads(self._ask("b", config.orchestrator.input))["tasks"]
        workers = []
        for task in tasks:
            text = self._ask("a", task)
            workers.append({"task": task, "response": text, "status": "success"})
        if config.reduce is None:
            return "\n\n".join(
                f"Worker {n}: {one['response']}" for n, one in enumerate(workers, start=1)
            )
        for one in workers:
            one["tokens"] = -(-len("You are a." + one["task"] + one["response"]) // 4)
        return self._one(config.reduce, {**self.base, "workers": workers})

    def _graph(self, config: Any) -> str:
        nodes: dict[str, Any] = {name: {"response": "", "iteration": 0} for name in config.nodes}
        names: dict[str, Any] = {**self.base, "nodes": nodes}
        edges = {edge.source: edge for edge in config.edges}
        current = next(iter(config.nodes))
        while True:
            response = self._one(config.nodes[current], names)
            visits = nodes[current]["iteration"] + 1
            nodes[current] = {"response": response, "iteration": visits}
            names["last_response"] = response
            if current not in edges:
                return response
            choices = edges[current].choose
            current = next(one.to for one in choices if condition(one.when).holds(names))
