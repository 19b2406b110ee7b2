"""The Lambda entry point of the durable function, which runs workflows past one Lambda."""

import gc
import os
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.context import DurableContext

from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.contracts.environment import DurableEnvironment
from tradewind.contracts.names import WORKFLOWS_FOLDER
from tradewind.durable.service import DurableWorkflows
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs


def _create_workflows() -> DurableWorkflows:
    keep_words_out_of_logs()
    environment = DurableEnvironment.from_variables(os.environ)
    # Beside the package, wherever the bundle is unpacked.
    folder = Path(__file__).resolve().parents[2] / WORKFLOWS_FOLDER
    return DurableWorkflows(
        folder,
        environment.workflows,
        environment.workflow_function,
        environment.agent_functions,
    )


_workflows = _create_workflows()
# A checkpoint that is sent again is recognised by its client token: it counts once.
_client = AwsClients().create("lambda", repeats=Repeated(may_run_twice=True))
gc.enable()


def _run(event: Any, context: DurableContext) -> dict[str, Any]:
    """Run a workflow from its start, or from where it stood."""
    return _workflows.run(event, context)


handler = durable_execution(_run, boto3_client=_client)
