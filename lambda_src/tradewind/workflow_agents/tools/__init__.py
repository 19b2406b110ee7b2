"""The tools of a workflow's agents."""

from tradewind.workflow_agents.tools.opened import Tools, open_tools
from tradewind.workflow_agents.tools.python_exec import Consent

__all__ = ["Consent", "Tools", "open_tools"]
