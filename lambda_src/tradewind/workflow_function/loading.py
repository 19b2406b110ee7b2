"""A workflow, ready to run in a function: the file is valid, its inputs fit, it may run here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import InvalidRequest, WorkflowInvalid, WorkflowUnsupported
from tradewind.workflow.engine.prepared import ready_agent
from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.problem import Problem, Severity, shown

BEDROCK: Final = "bedrock"
#: What has to do with the process itself, whose environment holds its role's credentials.
_PYTHON: Final = "python_exec"
#: Inputs that a file does not declare, in one request.
_MOST_UNDECLARED: Final = 20
#: Characters of a message that names problems.
_LONGEST: Final = 4_000


def load_to_run(
    file: Path, name: str, inputs: Mapping[str, Any], environment: AgentEnvironment
) -> Loaded:
    """Load a workflow to run it.

    Args:
        file: Its file.
        name: Its name.
        inputs: Values of its inputs.
        environment: The function's.

    Raises:
        InvalidRequest: An input is missing, not of its type, or nobody's. All are named.
        WorkflowInvalid: The file has errors. All are named.
        WorkflowUnsupported: It asks for what this function does not do. All is named.
    """
    loaded = load(file, inputs, environment.calls)
    check_file(loaded, name)
    wrong = [*_misfits(loaded, inputs), *_read_by_nobody(loaded, inputs, environment)]
    if wrong:
        raise InvalidRequest(_listed(f"parameters: The workflow {name} cannot take them", wrong))
    names = [one for one in loaded.problems if one.severity is Severity.UNDEFINED_NAME]
    if names:
        raise WorkflowInvalid(_listed(f"The workflow {name} cannot run", map_lines(names)))
    check_support(loaded, name, environment)
    return loaded


def check_file(loaded: Loaded, name: str) -> Spec:
    """Refuse a file with errors, whatever it is given.

    Raises:
        WorkflowInvalid: It has some. All are named.
    """
    errors = [one for one in loaded.problems if one.severity is Severity.ERROR]
    if errors or loaded.spec is None:
        raise WorkflowInvalid(_listed(f"The workflow {name} is not valid", map_lines(errors)))
    return loaded.spec


def check_support(loaded: Loaded, name: str, environment: AgentEnvironment) -> None:
    """Refuse what this function does not do.

    Raises:
        WorkflowUnsupported: The file asks for it. All is named.
    """
    spec = check_file(loaded, name)
    wrong = map_lines([one for one in loaded.problems if one.severity is Severity.UNSUPPORTED])
    wrong += dict.fromkeys([*_other_models(spec, environment), *_other_means(spec)])
    if wrong:
        raise WorkflowUnsupported(_listed(f"The workflow {name} does not run here", wrong))


def map_lines(problems: Sequence[Problem]) -> list[str]:
    """Problems of a file, without the folder that it is in."""
    return [str(one).removeprefix(f"{Path(one.file).parent}/") for one in problems]


def _misfits(loaded: Loaded, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Without the values: they may be private."""
    spec = check_file(loaded, "")
    declared = {**spec.inputs.required, **spec.inputs.optional}
    for problem in loaded.problems:
        if problem.severity is not Severity.MISSING_INPUT:
            continue
        name = problem.pointer.split("/")[3].replace("~1", "/").replace("~0", "~")
        kind = declared[name].type if name in declared else "value"
        if name not in inputs:
            yield f"{shown(name)} is missing: {kind}"
        elif declared[name].enum:
            choices = ", ".join(map(str, declared[name].enum or ()))
            yield f"{shown(name)} must be one of: {shown(choices, 300)}"
        else:
            yield f"{shown(name)} must be: {kind}"


def _read_by_nobody(
    loaded: Loaded, inputs: Mapping[str, Any], environment: AgentEnvironment
) -> Iterator[str]:
    """What a file neither declares nor reads would be passed over, and the caller not know."""
    spec = check_file(loaded, "")
    declared = spec.inputs.required.keys() | spec.inputs.optional.keys() | spec.inputs.values.keys()
    undeclared = [name for name in inputs if name not in declared]
    told = f"there is no such input; those here are {', '.join(sorted(declared)) or 'none'}"
    for position, name in enumerate(undeclared):
        others = {key: value for key, value in inputs.items() if key != name}
        if (
            position >= _MOST_UNDECLARED
            or load(loaded.file, others, environment.calls).problems == loaded.problems
        ):
            yield f"{shown(name)}: {told}"


def _other_models(spec: Spec, environment: AgentEnvironment) -> Iterator[str]:
    models = [ready_agent(spec, agent).model for agent in spec.agents.values()]
    asked = [(one.provider, one.model_id, one.region) for one in models]
    compaction = spec.context_policy.compaction
    if compaction is not None and compaction.summarization_model:
        asked.append((spec.runtime.provider, compaction.summarization_model, spec.runtime.region))
    for provider, model_id, region in asked:
        if provider != BEDROCK:
            yield f"{provider}: this function calls the models of {BEDROCK} only"
        elif (model_id or environment.model_id) != environment.model_id:
            yield f"model {shown(str(model_id))}: this function may call {environment.model_id}"
        elif (region or environment.model_region) != environment.model_region:
            yield f"region {shown(str(region))}: this function calls {environment.model_region}"


def _other_means(spec: Spec) -> Iterator[str]:
    if any(server.command is not None for server in spec.tools.mcp):
        yield "tools.mcp: no program is started here; give the `url` of a server"
    if spec.env.secrets:
        yield "env.secrets: there are no secrets here"
    tools = [tool.callable for tool in spec.tools.python]
    tools += [tool for agent in spec.agents.values() for tool in agent.tools or ()]
    tools += _tools_in(spec.pattern.config.model_dump())
    if any(tool.rpartition(".")[2] == _PYTHON for tool in tools):
        yield f"{_PYTHON}: no program that a model wrote is run here"


def _tools_in(config: Any) -> list[str]:
    """The tools that steps have instead of their agents'."""
    if isinstance(config, list | tuple):
        return [tool for entry in config for tool in _tools_in(entry)]
    if not isinstance(config, Mapping):
        return []
    found = [tool for key in ("tool_overrides", "tools") for tool in config.get(key) or ()]
    return found + [tool for value in config.values() for tool in _tools_in(value)]


def _listed(told: str, lines: Sequence[str]) -> str:
    text = f"{told}: {'; '.join(lines)}" if lines else f"{told}."
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
