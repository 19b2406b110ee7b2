"""From a file to a workflow that can run: everything it refers to is read, every mistake is found.

No model is called, and nothing of the file is run.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from tradewind.workflow.spec.checks import agents_asked, check
from tradewind.workflow.spec.inputs import settle
from tradewind.workflow.spec.model import AgentReference, Spec
from tradewind.workflow.spec.places import Unreadable
from tradewind.workflow.spec.problem import (
    Finding,
    Path,
    Problem,
    Severity,
    pointer_of,
    quoted,
    shown,
)
from tradewind.workflow.spec.schema import findings
from tradewind.workflow.spec.source import MOST_BYTES, Source, read_source
from tradewind.workflow.spec.texts import text_findings
from tradewind.workflow.spec.units import CONFIG, listed, mapping, units
from tradewind.workflow.spec.work import too_much, values_in

#: In the place of an agent that could not be read.
_NOBODY: Final = {"prompt": ""}
MOST_STEPS: Final = 10_000
#: Mistakes that are told; a file with more has one cause that is among the first.
MOST_MISTAKES: Final = 200
#: Values in all JSON Schemas, each as often as it is referred to: checking them takes its time.
MOST_OF_SCHEMAS: Final = 20_000
#: Agents that other files have, and schemas.
MOST_FILES: Final = 200
_Model = TypeVar("_Model", bound=BaseModel)
_REFERENCE: Final = "$ref"
_SCHEMAS: Final = ("input_schema", "output_schema")
#: What keeps a workflow from running, and from being valid.
_INVALID: Final = (Severity.ERROR, Severity.MISSING_INPUT)
EXIT_VALID: Final = 0
EXIT_INVALID: Final = 3
EXIT_UNSUPPORTED: Final = 18


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that was read.

    Attributes:
        file: The file.
        spec: The workflow; None where the file has errors. Its agents are all inline, and their
            schemas are the schemas themselves.
        values: The inputs that have a value, of their declared types.
        problems: All that is wrong, in the order of the files' lines.
        sha256: Of what was read: the file, and those it refers to.
        contents: The bytes of each file that was read, by its path.
        named: The agents that it asks by name, which are none of its own.
    """

    file: FilePath
    spec: Spec | None
    values: Mapping[str, Any]
    problems: tuple[Problem, ...]
    sha256: str
    contents: Mapping[FilePath, bytes] = field(default_factory=dict, repr=False)
    named: frozenset[str] = frozenset()

    @property
    def folder(self) -> FilePath:
        """What paths in the file are relative to."""
        return self.file.parent

    def status(self, *, to_run: bool) -> int:
        """The exit status that says how the file is.

        Args:
            to_run: Whether it is to run now, and not only to be valid.
        """
        severities = {problem.severity for problem in self.problems}
        wrong = {*_INVALID, Severity.UNDEFINED_NAME} if to_run else {*_INVALID}
        if severities & wrong:
            return EXIT_INVALID
        return EXIT_UNSUPPORTED if Severity.UNSUPPORTED in severities else EXIT_VALID


def load(
    file: FilePath,
    variables: Mapping[str, Any] | None = None,
    named: Collection[str] = frozenset(),
    *,
    contents: Mapping[FilePath, bytes] | None = None,
) -> Loaded:
    """Read a workflow file, and all that it refers to.

    Args:
        file: Its path; in messages it is named so.
        variables: What the run is given: text, which is read as the declared type, or values.
        named: The agents that it may ask by name without declaring them. One that it declares is
            its own, whatever its name.
        contents: ``Loaded.contents`` of an earlier time, to be read in the place of the files.
    """
    return _Loading(file, named, contents).load(variables or {})


class _Loading:
    """One file, being read."""

    def __init__(
        self,
        file: FilePath,
        named: Collection[str],
        kept: Mapping[FilePath, bytes] | None,
    ) -> None:
        self._file = file
        self._known = named
        self._named: frozenset[str] = frozenset()
        self._kept = kept
        self._contents: dict[FilePath, bytes] = {}
        self._problems: list[Problem] = []
        self._hash = hashlib.sha256()
        self._beside: dict[FilePath, Source] = {}
        self._reads = 0
        self._bytes = 0
        self._schemas = 0

    def load(self, variables: Mapping[str, Any]) -> Loaded:
        try:
            source = self._read(self._file)
        except Unreadable as broken:
            self._note_unreadable(broken, self._file)
            return self._loaded(None, {})
        data = self._data(source, self._file, may_refer=True)
        if sum(1 for _ in units(data)) > MOST_STEPS:
            self._error(CONFIG, f"has more than {MOST_STEPS:,} steps", source, self._file)
            return self._loaded(None, {})
        if (told := too_much(data)) is not None:
            self._error((), told, source, self._file)
            return self._loaded(None, {})
        spec = self._validated(data, source, self._file, Spec)
        self._named = agents_asked(data) & frozenset(self._known)
        values, unfit = settle(data, variables)
        found = chain(
            check(data, self._known),
            unfit,
            text_findings(data, variables.keys()),
            self._missing_skills(data),
        )
        mistakes = 0
        for finding in found:
            mistakes += finding.severity is not Severity.WARNING
            if mistakes > MOST_MISTAKES:
                self._error((), f"has more than {MOST_MISTAKES} mistakes", source, self._file)
                break
            self._note(finding, source, self._file)
        return self._loaded(spec, values)

    def _loaded(self, spec: Spec | None, values: Mapping[str, Any]) -> Loaded:
        own = str(self._file)
        # Once each; a place may be wrong for the schema and for a check in the same words.
        problems = sorted(
            dict.fromkeys(self._problems),
            key=lambda problem: (problem.file != own, problem.file, problem.line, problem.column),
        )
        if any(problem.severity is Severity.ERROR for problem in problems):
            spec = None
        return Loaded(
            self._file,
            spec,
            values,
            tuple(problems),
            self._hash.hexdigest(),
            self._contents,
            self._named,
        )

    def _read(self, file: FilePath) -> Source:
        source = read_source(file, self._kept)
        self._contents[file] = source.content
        self._hash.update(len(source.content).to_bytes(8, "big") + source.content)
        for mark, slip in source.slips:
            self._problems.append(Problem(Severity.ERROR, str(file), *mark, "", slip))
        return source

    def _note_unreadable(self, broken: Unreadable, file: FilePath) -> None:
        mark = broken.mark or (0, 0)
        self._problems.append(Problem(Severity.ERROR, str(file), *mark, "", str(broken)))

    def _read_beside(
        self, name: str, path: Path, source: Source, file: FilePath
    ) -> tuple[FilePath, Source] | None:
        """The file that a path in another names; relative to that, and in its folder or around."""
        if FilePath(name).is_absolute():
            self._error(path, "must be a path relative to this file", source, file)
            return None
        target = file.parent / name
        if target in self._beside:
            return target, self._beside[target]
        self._reads += 1
        if self._reads > MOST_FILES:
            if self._reads == MOST_FILES + 1:
                told = f"is one more than the {MOST_FILES} files that a workflow may refer to"
                self._error(path, told, source, file)
            return None
        if self._bytes > MOST_BYTES:
            self._error(path, "is one more than 10 MB of files that are referred to", source, file)
            self._reads = MOST_FILES + 1
            return None
        try:
            read = self._beside[target] = self._read(target)
            self._bytes += len(read.content)
        except Unreadable as broken:
            if broken.mark:
                self._note_unreadable(broken, target)
            else:
                self._error(path, f"{quoted(name)} {broken}", source, file)
            return None
        return target, read

    def _note(self, finding: Finding, source: Source, file: FilePath) -> None:
        mark = source.places.find(finding.path, at_key=finding.at_key)
        pointer = pointer_of(finding.path)
        self._problems.append(
            Problem(finding.severity, str(file), *mark, pointer, finding.message, finding.allowed)
        )

    def _validated(
        self,
        data: Mapping[str, Any],
        source: Source,
        file: FilePath,
        model: type[_Model],
        at: Path = (),
    ) -> _Model | None:
        try:
            return model.model_validate(data)
        except ValidationError as invalid:
            for finding in islice(findings(invalid, data, model), MOST_MISTAKES):
                placed = Finding(
                    finding.severity,
                    (*at, *finding.path),
                    finding.message,
                    finding.allowed,
                    finding.at_key,
                )
                self._note(placed, source, file)
            return None

    def _data(self, source: Source, file: FilePath, *, may_refer: bool) -> Mapping[str, Any]:
        """A file's data, with agents of other files and schemas that are files put in."""
        agents = source.data.get("agents")
        if not isinstance(agents, Mapping):
            return source.data
        full: dict[str, Any] = {}
        for name, agent in agents.items():
            at: Path = ("agents", name)
            if isinstance(agent, Mapping) and _REFERENCE in agent:
                if may_refer:
                    full[name] = self._referred(at, agent, source, file)
                else:
                    told = "is in a file that is referred to, and refers to another itself"
                    self._error((*at, _REFERENCE), told, source, file)
                    full[name] = _NOBODY
            else:
                full[name] = self._with_schemas(at, agent, source, file)
        return {**source.data, "agents": full}

    def _error(self, path: Path, told: str, source: Source, file: FilePath) -> None:
        self._note(Finding(Severity.ERROR, path, told), source, file)

    def _referred(
        self, at: Path, agent: Mapping[str, Any], source: Source, file: FilePath
    ) -> Mapping[str, Any]:
        """The agent of another file, with what is different here."""
        reference = self._validated(agent, source, file, AgentReference, at)
        if reference is None:
            return _NOBODY
        path = (*at, _REFERENCE)
        read = self._read_beside(reference.ref, path, source, file)
        if read is None:
            return _NOBODY
        target, other = read
        data = self._data(other, target, may_refer=False)
        agents = mapping(data.get("agents"))
        if len(agents) != 1:
            told = f"{quoted(reference.ref)} has {len(agents)} agents; it must have exactly one"
            self._error(path, told, source, file)
            return _NOBODY
        if self._validated(data, other, target, Spec) is None:
            return _NOBODY
        (one,) = agents.values()
        return {**one, **{key: agent[key] for key in agent if key != _REFERENCE}}

    def _with_schemas(self, at: Path, agent: Any, source: Source, file: FilePath) -> Any:
        if not isinstance(agent, Mapping):
            return agent
        full = dict(agent)
        for key in _SCHEMAS:
            schema = agent.get(key)
            path = (*at, key)
            if isinstance(schema, str) and schema:
                read = self._read_beside(schema, path, source, file)
                schema = full[key] = read[1].data if read else {}
            if not isinstance(schema, Mapping):
                continue
            if self._schemas > MOST_OF_SCHEMAS:
                return full
            self._schemas += values_in(schema)
            if self._schemas > MOST_OF_SCHEMAS:
                told = f"is one schema too many: they have more than {MOST_OF_SCHEMAS:,} values"
                self._error(path, told, source, file)
                return full
            if fault := _fault_of_schema(schema):
                self._error(path, f"is no JSON Schema: {fault}", source, file)
        return full

    def _missing_skills(self, data: Mapping[str, Any]) -> list[Finding]:
        return [
            Finding(Severity.WARNING, ("skills", position, "path"), f"there is no {quoted(name)}")
            for position, skill in enumerate(listed(data.get("skills")))
            if isinstance(name := mapping(skill).get("path"), str) and not _exists(self._file, name)
        ]


def _exists(file: FilePath, name: str) -> bool:
    try:
        return (file.parent / name).exists()
    except (OSError, ValueError):
        return False


def _fault_of_schema(schema: Mapping[str, Any]) -> str | None:
    # Its import takes longer than all else of a file without schemas.
    from jsonschema import SchemaError  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as wrong:
        return shown(wrong.message, 200)
    except (RecursionError, TypeError):
        return "it is nested too deep, or its `$schema` is no text"
    return None
