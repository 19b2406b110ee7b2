"""What an agent's process is built of once, whoever starts it, and every request shares."""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import get_client_pool, process_clients
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable
from tradewind.contracts.environment import AgentEnvironment
from tradewind.conversations.table import SessionTable
from tradewind.handlers import COLD_START
from tradewind.handlers.after_answer import AfterAnswer
from tradewind.handlers.restored import renew_when_restored
from tradewind.handlers.service import AgentService
from tradewind.records.progress import RecordedProgress
from tradewind.records.request_log import RequestLog
from tradewind.records.table import RecordTable
from tradewind.run.definition import AgentDefinition
from tradewind.run.lazy_packages import import_lazily
from tradewind.run.s3_artifacts import S3ArtifactStore
from tradewind.telemetry.tracing import start_tracing
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs


@dataclass(frozen=True)
class AgentProcess:
    """An agent's process, ready for requests.

    Attributes:
        environment: Its settings.
        definition: The agent.
        service: Serves its requests.
        records: Where they are recorded.
        sessions: Where their conversations are.
        budgets: What they are paid from.
        s3: The client for artifacts.
    """

    environment: AgentEnvironment
    definition: AgentDefinition
    service: AgentService
    records: RecordTable
    sessions: SessionTable
    budgets: Budgets
    s3: Any


def start_agent_process(
    retire_after: Callable[[AfterAnswer], Callable[[], object] | None] = lambda _after: None,
) -> AgentProcess:
    """Build it from the environment: prompt and tools, the pooled client, the storage's clients.

    Args:
        retire_after: Says how the process is ended that carries too much, after its answers.

    Raises:
        ConfigurationError: The environment is not what the stacks give.
    """
    keep_words_out_of_logs()
    import_lazily()
    environment = AgentEnvironment.from_variables(os.environ)
    definition = _definition_of(environment)
    COLD_START.imported()
    after_answer = AfterAnswer(start_tracing())
    aws, clients = process_clients(), get_client_pool()
    clients.get()
    renew_when_restored(aws)
    # Each write of ours recognises itself, so storage may be asked twice.
    storage = Repeated(may_run_twice=True)
    s3 = aws.create("s3", repeats=storage)
    dynamodb = aws.create("dynamodb", repeats=storage)
    records = RecordTable(environment.records_table, dynamodb)
    sessions = SessionTable(
        environment.sessions_table, dynamodb, ttl_days=environment.session_ttl_days
    )
    budgets = Budgets(
        environment.budgets,
        environment.prices,
        BudgetTable(environment.budgets_table, dynamodb),
    )
    log = None
    if environment.request_log_table is not None:
        log = RequestLog(environment.request_log_table, dynamodb, days=environment.request_log_days)
    service = AgentService(
        environment=environment,
        definition=definition,
        clients=clients,
        store=S3ArtifactStore(environment.artifacts_bucket, s3),
        records=records,
        sessions=sessions,
        budgets=budgets,
        log=log,
        cold_start=COLD_START,
        after_answer=after_answer,
        retire=retire_after(after_answer),
        # What the API has opened can be watched, and cancelled, over the API.
        progress_store=lambda recorded: (
            RecordedProgress(records.table, recorded) if recorded.accepted else None
        ),
    )
    return AgentProcess(environment, definition, service, records, sessions, budgets, s3)


def _definition_of(environment: AgentEnvironment) -> AgentDefinition:
    if environment.runtime is not None:
        # No function of another agent's has its libraries.
        from tradewind.runtime_agent.agent import runtime_agent  # noqa: PLC0415

        return runtime_agent(environment.runtime)
    # Only the process's own agent: its bundle holds no other agent's libraries.
    definition: AgentDefinition = importlib.import_module(
        f"agents.{environment.agent}.agent"
    ).DEFINITION
    return definition
