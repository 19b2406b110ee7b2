"""Runs the workflows of a bundle, each as the durable execution that it was started as."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aws_durable_execution_sdk_python.context import DurableContext

from tradewind.durable.agents import Target
from tradewind.durable.documents import Start
from tradewind.durable.execution import run_durably
from tradewind.durable.targets import InlineAgents, NamedAgent
from tradewind.workflow.engine.errors import InvalidRun, Unsupported
from tradewind.workflow.engine.operations import fault_past_one_lambda
from tradewind.workflow.spec.loader import EXIT_UNSUPPORTED, EXIT_VALID, Loaded, load
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.problem import Severity

_SUFFIXES: Final = (".yaml", ".yml", ".json")


class DurableWorkflows:
    """The workflows of a folder, and the functions that answer their calls.

    Args:
        folder: Where their files are.
        workflows: The names of those that run so.
        workflow_function: Answers for agents that files declare.
        agent_functions: Answer for agents that files ask by name.
    """

    def __init__(
        self,
        folder: Path,
        workflows: Collection[str],
        workflow_function: str,
        agent_functions: Mapping[str, str],
    ) -> None:
        self._folder = folder
        self._workflows = workflows
        self._workflow_function = workflow_function
        self._agent_functions = dict(agent_functions)

    def run(self, event: Any, context: DurableContext) -> dict[str, Any]:
        """Run a workflow as far as it comes. See ``run_durably``.

        Raises:
            SuspendExecution: It waits.
            InvalidRun: The file is not the one that the run was started with, or is not valid.
            Unsupported: The file asks for more than can be done here.
            WorkflowError: The run failed.
        """
        start = Start.from_json(event)
        loaded = self._loaded(start)
        spec = _checked(loaded, start.workflow)
        given = loaded.values.get("project_id")
        if start.project_id is None and isinstance(given, str):
            start = replace(start, project_id=given)
        # An agent that the file declares wins: it is none of these.
        named: dict[str, Target] = {
            agent: NamedAgent(self._agent_functions[agent], start) for agent in loaded.named
        }
        return run_durably(
            context,
            start,
            spec,
            loaded.values,
            inline=InlineAgents(self._workflow_function, start),
            named=named,
        )

    def _loaded(self, start: Start) -> Loaded:
        file = self._file(start.workflow)
        loaded = load(file, start.variables, self._agent_functions)
        if loaded.sha256 != start.sha256:
            raise InvalidRun(
                f"the workflow {start.workflow} is not the one that the run was started with: its "
                f"hash is {loaded.sha256[:12]}, and was {start.sha256[:12]}. Start the run anew, "
                "or deploy what was deployed then"
            )
        return loaded

    def _file(self, workflow: str) -> Path:
        if workflow in self._workflows:
            for suffix in _SUFFIXES:
                file = self._folder / f"{workflow}{suffix}"
                if file.is_file():
                    return file
        named = ", ".join(self._workflows) or "none"
        raise InvalidRun(f"no such workflow runs past one Lambda here; the settings name: {named}")


def _checked(loaded: Loaded, workflow: str) -> Spec:
    status = loaded.status(to_run=True)
    if loaded.spec is None or status != EXIT_VALID:
        told = "; ".join(
            f"{problem.pointer or '/'}: {problem.message}"
            for problem in loaded.problems
            if problem.severity is not Severity.WARNING
        )
        kind = Unsupported if status == EXIT_UNSUPPORTED else InvalidRun
        raise kind(f"the workflow {workflow} cannot run: {told}")
    fault = fault_past_one_lambda(loaded.spec)
    if fault is not None:
        raise Unsupported(f"the workflow {workflow} {fault}")
    return loaded.spec
