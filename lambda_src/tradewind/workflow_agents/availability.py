"""Tools that cannot work here, whatever they are asked: known before a run, and told of."""

from collections.abc import Mapping
from typing import Final

from tradewind.workflow.spec.model import Spec
from tradewind.workflow.spec.selection import Kind, Selection
from tradewind.workflow_agents import confined

TAVILY_KEY: Final = "TAVILY_API_KEY"
PYTHON: Final = "python_exec"


def unavailable(spec: Spec, environ: Mapping[str, str]) -> list[str]:
    """What agents of a file have that cannot work here, and why; a line each.

    Args:
        spec: The file.
        environ: The environment.
    """
    names = {choice.name for choice in Selection(spec).used() if choice.kind is Kind.NATIVE}
    found = []
    if "tavily_search" in names and not environ.get(TAVILY_KEY):
        found.append(f"tavily_search needs {TAVILY_KEY} in the environment")
    if PYTHON in names and not confined.version():
        found.append(
            f"{PYTHON} needs a kernel that can keep it from everything else (Linux with Landlock)"
        )
    return found
