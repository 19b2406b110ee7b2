"""What is wrong with a file's templates, conditions and regular expressions; none is rendered."""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from tradewind.workflow.spec import references
from tradewind.workflow.spec.inputs import declared_names
from tradewind.workflow.spec.problem import Finding, Path, Severity, closest, shown
from tradewind.workflow.spec.units import (
    CONFIG,
    EVERYWHERE,
    REVISION,
    Unit,
    artifact_names,
    dependencies,
    listed,
    mapping,
    units,
)
from tradewind.workflow.text.conditions import ELSE, check_condition, names_in_condition
from tradewind.workflow.text.faults import Fault
from tradewind.workflow.text.patterns import check_pattern
from tradewind.workflow.text.templates import check_template, names_in

#: What artifacts may call the trace besides its name.
_DOLLAR_TRACE: Final = re.compile(r"\$TRACE\b")
#: Dependencies that are followed in one file to see whether a task's template comes too early.
_MOST_LOOKS: Final = 500_000
_OF_A_MAPPING: Final = frozenset(dir(dict)) | {"values"}


def text_findings(data: Mapping[str, Any], variables: Set[str]) -> Iterator[Finding]:
    """All mistakes in the texts of a file.

    Args:
        data: The file's, its ``$ref`` resolved.
        variables: The names that a run is given.
    """
    inputs = declared_names(data) | variables
    scope = _Scope(data, inputs)
    for unit in units(data):
        for path, text in unit.texts():
            yield from scope.template(path, text, unit.names, unit)
    yield from _other_templates(data, scope)
    yield from _prompts(data)
    yield from _conditions(data, scope)
    yield from _patterns(data)


def _other_templates(data: Mapping[str, Any], scope: "_Scope") -> Iterator[Finding]:
    pattern = mapping(data.get("pattern"))
    config = mapping(pattern.get("config"))
    revise = config.get("revise_prompt")
    if isinstance(revise, str):
        yield from scope.template((*CONFIG, "revise_prompt"), revise, REVISION)
    names = artifact_names(pattern)
    artifacts = listed(mapping(data.get("outputs")).get("artifacts"))
    for position, artifact in enumerate(artifacts):
        for key in ("path", "from"):
            text = mapping(artifact).get(key)
            if isinstance(text, str):
                path = ("outputs", "artifacts", position, key)
                yield from scope.template(path, _DOLLAR_TRACE.sub("TRACE", text), names)


def _prompts(data: Mapping[str, Any]) -> Iterator[Finding]:
    for name, agent in mapping(data.get("agents")).items():
        prompt = mapping(agent).get("prompt")
        fault = check_template(prompt) if isinstance(prompt, str) else None
        if fault is not None:
            told = f"is no template, and is used as it is written: {_told(fault)}"
            yield Finding(Severity.WARNING, ("agents", name, "prompt"), told)


def _conditions(data: Mapping[str, Any], scope: "_Scope") -> Iterator[Finding]:
    config = mapping(mapping(data.get("pattern")).get("config"))
    for at_edge, edge in enumerate(listed(config.get("edges"))):
        for position, choice in enumerate(listed(mapping(edge).get("choose"))):
            when = mapping(choice).get("when")
            if isinstance(when, str) and when.strip() != ELSE:
                path = (*CONFIG, "edges", at_edge, "choose", position, "when")
                yield from scope.condition(path, when)


def _patterns(data: Mapping[str, Any]) -> Iterator[Finding]:
    found: list[tuple[Path, Any]] = [
        ((*unit.path, "validation", "pattern"), mapping(unit.step.get("validation")).get("pattern"))
        for unit in units(data)
    ]
    redact = mapping(mapping(data.get("telemetry")).get("redact"))
    found += [
        (("telemetry", "redact", "custom_patterns", position), pattern)
        for position, pattern in enumerate(listed(redact.get("custom_patterns")))
    ]
    for path, pattern in found:
        fault = check_pattern(pattern) if isinstance(pattern, str) else None
        if fault is not None:
            told = f"is not a regular expression: {_told(fault)}"
            yield Finding(Severity.ERROR, path, told)


def _told(fault: Fault) -> str:
    line = f" (its line {fault.line})" if fault.line > 1 else ""
    return f"{shown(fault.message, 200)}{line}"


class _Scope:
    """What names there are in a file, and what is wrong with a text that reads them."""

    def __init__(self, data: Mapping[str, Any], inputs: Set[str]) -> None:
        self._inputs = inputs
        config = mapping(mapping(data.get("pattern")).get("config"))
        self._known: dict[str, Set[str]] = {
            "tasks": _ids(config.get("tasks")),
            "branches": _ids(config.get("branches")),
            "nodes": set(mapping(config.get("nodes"))),
            "inputs": inputs | _OF_A_MAPPING,
        }
        self._waits_for = {
            task["id"]: dependencies(task)
            for task in listed(config.get("tasks"))
            if isinstance(mapping(task).get("id"), str)
        }
        self._looks_left = _MOST_LOOKS

    def template(
        self, path: Path, text: str, names: Set[str], unit: Unit | None = None
    ) -> Iterator[Finding]:
        """What is wrong with a template that sees ``names`` and the inputs."""
        fault = check_template(text)
        if fault is not None:
            yield Finding(Severity.ERROR, path, f"is not a template: {_told(fault)}")
            return
        yield from self._names(path, names_in(text), names)
        yield from self._references(path, references.references_in(text), unit)

    def condition(self, path: Path, text: str) -> Iterator[Finding]:
        """What is wrong with a condition."""
        fault = check_condition(text)
        if fault is not None:
            yield Finding(Severity.ERROR, path, f"is not a condition: {_told(fault)}")
            return
        yield from self._names(path, names_in_condition(text), EVERYWHERE | {"nodes"})
        yield from self._references(path, references.references_in_condition(text), None)

    def _names(self, path: Path, read: Set[str], names: Set[str]) -> Iterator[Finding]:
        known = names | self._inputs
        for name in sorted(read - known):
            told = f"`{shown(name)}` is defined by nobody{closest(name, known)}"
            told += f"; give it a value with --var {shown(name)}=..., or declare it in `inputs`"
            yield Finding(Severity.UNDEFINED_NAME, path, told)

    def _references(
        self, path: Path, read: Set[references.Reference], unit: Unit | None
    ) -> Iterator[Finding]:
        for name, key in sorted(read, key=str):
            if name in self._inputs:
                continue
            if name == "steps" and isinstance(key, int) and unit and unit.before is not None:
                yield from self._step(path, key, unit.before)
            known = self._known.get(name)
            if not known or not isinstance(key, str) or key in _OF_A_MAPPING - known:
                continue
            if key not in known:
                told = f"there is no `{shown(f'{name}.{key}')}`{closest(key, known)}"
                allowed = tuple(sorted(known - _OF_A_MAPPING))
                yield Finding(Severity.UNDEFINED_NAME, path, told, allowed)
            elif name == "tasks" and unit and unit.task is not None:
                yield from self._task(path, key, unit.task)

    @staticmethod
    def _step(path: Path, index: int, before: int) -> Iterator[Finding]:
        if not -before <= index < before:
            done = f"only {before} before this one" if before else "none before this one"
            told = f"`steps[{index}]` is not there yet: there is {done}"
            yield Finding(Severity.UNDEFINED_NAME, path, told)

    def _task(self, path: Path, key: str, task: str) -> Iterator[Finding]:
        if not self._leads_to(task, key):
            told = f"`tasks.{shown(key)}` may not be done by then: no dependency of this task leads"
            yield Finding(Severity.WARNING, path, f"{told} to it; add it to `deps`")

    def _leads_to(self, task: str, earlier: str) -> bool:
        """Whether a task waits for another, if only for one that does."""
        seen = {task}
        waiting = [task]
        while waiting and self._looks_left > 0:
            for dependency in self._waits_for.get(waiting.pop(), ()):
                self._looks_left -= 1
                if dependency == earlier:
                    return True
                if dependency not in seen:
                    seen.add(dependency)
                    waiting.append(dependency)
        # Beyond what is worth the time, it is taken to.
        return self._looks_left <= 0


def _ids(entries: Any) -> set[str]:
    return {entry["id"] for entry in listed(entries) if isinstance(mapping(entry).get("id"), str)}
