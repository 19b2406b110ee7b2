"""The workflows agent: runs the workflow files of its bundle, and of the bucket where it may."""

from pathlib import Path
from typing import Final

from tradewind.contracts.names import WORKFLOWS_FOLDER
from tradewind.workflow_function.agent import WorkflowAgent
from tradewind.workflow_function.files import WorkflowFiles

#: At the root of the bundle, beside ``agents``.
FOLDER: Final = Path(__file__).resolve().parents[2] / WORKFLOWS_FOLDER

DEFINITION: Final = WorkflowAgent(WorkflowFiles(FOLDER))
