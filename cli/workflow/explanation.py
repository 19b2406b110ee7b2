"""A workflow in plain words: what it does, what it needs, what it leaves, what is not supported."""

import os
from collections.abc import Iterator
from typing import Any, Final

from cli.workflow.plans import Plan, limits_of, planned
from cli.workflow.plans import as_data as plan_data
from tradewind.workflow.spec.loader import Loaded
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.problem import Severity, shown
from tradewind.workflow_agents.availability import unavailable

_PATTERNS: Final = {
    "chain": "its steps run one after the other",
    "workflow": "each task starts when the tasks it waits for are done",
    "parallel": "its branches run at the same time",
    "routing": "an agent chooses one of its routes",
    "evaluator_optimizer": "drafts are scored and revised until one is good enough",
    "orchestrator_workers": "an agent makes tasks, and workers do them at the same time",
    "graph": "it goes from node to node along its edges",
}
_KEYS: Final = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GOOGLE_API_KEY or GEMINI_API_KEY",
}


def as_text(loaded: Loaded) -> str:
    """A file in words.

    Args:
        loaded: It, without errors.
    """
    plan, spec = planned(loaded), _spec(loaded)
    lines = [f"{shown(spec.name)}: {_PATTERNS[plan.pattern]}."]
    if spec.description:
        lines.append(shown(" ".join(spec.description.split()), 400))
    lines += ["", f"Steps ({limits_of(plan)})", *_steps(plan)]
    for title, entries in _sections(loaded, plan).items():
        lines += _section(title, entries)
    return "\n".join(lines)


def as_data(loaded: Loaded) -> dict[str, Any]:
    """The same for programs: the plan, and each section by its title in lower case."""
    plan = planned(loaded)
    sections = _sections(loaded, plan).items()
    return plan_data(plan) | {title.lower().replace(" ", "_"): found for title, found in sections}


def _spec(loaded: Loaded) -> Spec:
    if loaded.spec is None:
        raise ValueError("a file with errors cannot be explained")
    return loaded.spec


def _sections(loaded: Loaded, plan: Plan) -> dict[str, list[str]]:
    spec = _spec(loaded)
    sections = {
        "Needs": _needs(loaded, spec),
        "Leaves": [shown(path) for path in plan.artifacts],
        "Forbids": _forbids(spec),
    }
    for title, severity in (
        ("Not supported", Severity.UNSUPPORTED),
        ("Worth a look", Severity.WARNING),
        ("Defined by nobody", Severity.UNDEFINED_NAME),
    ):
        sections[title] = [
            f"line {one.line}: {shown(one.pointer, 200)}: {one.message}"
            for one in loaded.problems
            if one.severity is severity
        ]
    sections["Not supported"] += unavailable(spec, os.environ)
    return sections


def _section(title: str, entries: list[str]) -> list[str]:
    return ["", title, *(f"  {entry}" for entry in entries)] if entries else []


def _steps(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        who = {"person": "asks a person", "agents": f"{step.agent}, once per task"}.get(
            step.kind, f"{step.agent}"
        )
        before = [way.source for way in plan.ways if way.target == step.name]
        after = f", after {', '.join(before)}" if before else ""
        yield f"  {shown(step.name)}: {who}{shown(after, 200)}"


def _needs(loaded: Loaded, spec: Spec) -> list[str]:
    needs = [
        f"--var {shown(name)}=... ({one.type})"
        for name, one in spec.inputs.required.items()
        if one.default is None and name not in spec.inputs.values
    ]
    if loaded.named:
        needs.append(f"deployed, as they are asked by name: {', '.join(sorted(loaded.named))}")
    providers = {spec.runtime.provider, *(one.provider for one in spec.agents.values())}
    needs += [
        f"{_KEYS[one]} in the environment"
        for one in sorted(filter(None, providers))
        if one in _KEYS
    ]
    needs += [f"{secret.key} in the environment" for secret in spec.env.secrets]
    return needs


def _forbids(spec: Spec) -> list[str]:
    rules = spec.security.guardrails
    forbidden = []
    if rules.deny_network:
        forbidden.append("the network, to tools")
    if rules.pii_redaction:
        forbidden.append("personal data, to tools and from them")
    if rules.allow_tools is not None:
        forbidden.append(f"all tools but: {', '.join(map(shown, rules.allow_tools)) or 'none'}")
    return forbidden
