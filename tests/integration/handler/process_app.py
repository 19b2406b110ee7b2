"""An agent function for a process of its own: a real service on a scripted model."""

import os
import threading
from typing import Any

from tests.answers import calling, calling_each
from tests.frameworks import FRAMEWORKS, Sketch
from tests.scripted_model import ScriptedClients
from tradewind.api.asking import Asked
from tradewind.contracts.environment import AgentEnvironment
from tradewind.handlers.after_answer import AfterAnswer, end_process
from tradewind.handlers.event_kinds import is_http
from tradewind.handlers.leftovers import MAX_WAITING
from tradewind.handlers.response_stream import hook_runtime
from tradewind.handlers.served import Outcome
from tradewind.handlers.service import AgentService
from tradewind.handlers.stream_records import StreamRecords
from tradewind.handlers.streamed_requests import StreamedRequests
from tradewind.records.item import RecordedRequest, RecordStatus, StoredRecord
from tradewind.records.kept_answer import EncodedAnswer
from tradewind.records.questions import Asking
from tradewind.records.table import Start
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.telemetry.tracing import start_tracing


class NoRecords:
    """Takes every request for a new one."""

    def start(self, _request: RecordedRequest, *, remaining_s: float, ttl_days: int) -> Start:
        return Start()

    def finish(self, _request: RecordedRequest, _encoded: EncodedAnswer) -> bool:
        return True

    def ask(self, _request: RecordedRequest, _asking: Asking, *, ttl_days: int) -> bool:
        return True

    def put_back(self, _request: RecordedRequest) -> bool:
        return False


def hang(project: Project) -> str:
    """Wait for ever."""
    threading.Event().wait()
    return "done"


def burn(project: Project) -> str:
    """Compute for ever."""
    while True:
        sum(range(1000))


class NoStreamRecords(StreamRecords):
    """Takes every streamed request for a new one, and shows no more than how it ended."""

    def __init__(self, environment: AgentEnvironment) -> None:
        object.__setattr__(self, "environment", environment)

    def open(self, asked: Asked, remaining_s: float) -> StoredRecord:
        one = asked.recorded
        return StoredRecord(
            record_id=one.record_id,
            agent=one.agent,
            request_id=one.request_id,
            project_id=one.project_id,
            sha256=one.sha256,
            status=RecordStatus.PENDING,
            attempt=one.attempt,
            started_at=None,
            deadline_at=0,
        )

    def ended(self, opened: StoredRecord, began_at: float, outcome: Outcome) -> dict[str, Any]:
        return {"code": outcome.failure and outcome.failure.code}


def _create_service() -> AgentService:
    after_answer = AfterAnswer(start_tracing())
    return AgentService(
        environment=AgentEnvironment.from_variables(os.environ),
        definition=FRAMEWORKS["strands"](Sketch("You measure.", (hang, burn))),
        clients=ScriptedClients(
            one_hangs=calling("hang"),
            many_hang=calling_each(*["hang"] * (MAX_WAITING + 1)),
            one_burns=calling("burn"),
        ),
        store=MemoryArtifactStore(),
        records=NoRecords(),
        after_answer=after_answer,
        retire=end_process if after_answer.hook() else None,
    )


_service = _create_service()
_streamed = StreamedRequests(
    runtime=hook_runtime(),
    service=_service,
    records=NoStreamRecords(AgentEnvironment.from_variables(os.environ)),
)


def handler(event: object, context: Any) -> Any:
    if is_http(event):
        return _streamed.handle(event, context)
    return _service.handle(event, context)
