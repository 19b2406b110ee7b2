"""The life of one request: check, record, run, record, answer."""

from collections.abc import Callable
from typing import Any

from tradewind.agentcore.meter import RuntimeMeter
from tradewind.aws.deadline import Deadline, calls_within
from tradewind.bedrock.allowance import allowing
from tradewind.bedrock.client import ClientPool
from tradewind.budgets.budgets import Budgets
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import (
    DeadlineExceeded,
    InternalError,
    RequestError,
    StorageUnavailable,
    TradewindError,
)
from tradewind.contracts.names import RECORD_KEY
from tradewind.contracts.response import AgentAnswer
from tradewind.conversations.table import SessionTable
from tradewind.handlers.after_answer import AfterAnswer
from tradewind.handlers.asking import ask_person, asks, put_back
from tradewind.handlers.closing import (
    check_answer,
    close_answer,
    commit_artifacts,
    finish_record,
)
from tradewind.handlers.continuation import Continuation
from tradewind.handlers.event_reading import EventReader, Work
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.lambda_context import LambdaContext
from tradewind.handlers.leftovers import Leftovers
from tradewind.handlers.logged_request import LoggedRequest
from tradewind.handlers.progress import ProgressStore, ProgressWriter
from tradewind.handlers.request_report import RequestReporter
from tradewind.handlers.served import Outcome, ServedRequest, answer_of, calls_of, metered
from tradewind.handlers.session_turn import SessionTurn
from tradewind.handlers.watcher import Nobody, Watcher
from tradewind.records.item import RecordedRequest, StoredRecord
from tradewind.records.kept_answer import EncodedAnswer
from tradewind.records.request_log import RequestLog
from tradewind.records.table import Records, Start
from tradewind.run.agent_run import AgentRun
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.definition import AgentDefinition
from tradewind.run.events import both
from tradewind.run.runner import run_to_its_end
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.process import ColdStart

__all__ = ["AgentService", "InvocationFailed", "LambdaContext"]


class AgentService:
    """Serves one agent's requests, one at a time, in a process that is kept.

    Without ``sessions``, it keeps no conversations and refuses requests that belong to one.
    ``budgets`` limit what they cost; without, nothing does. ``retire`` ends the process after an
    answer; without it, the process carries what it carries. ``progress_store`` says where the
    progress of a request is told, if anybody watches it, and heard whether it was cancelled.
    ``log`` keeps requests and their answers, for who has to.
    """

    def __init__(
        self,
        *,
        environment: AgentEnvironment,
        definition: AgentDefinition,
        clients: ClientPool,
        store: ArtifactStore,
        records: Records,
        sessions: SessionTable | None = None,
        budgets: Budgets | None = None,
        log: RequestLog | None = None,
        cold_start: ColdStart | None = None,
        after_answer: AfterAnswer | None = None,
        retire: Callable[[], object] | None = None,
        progress_store: Callable[[RecordedRequest], ProgressStore | None] = lambda _recorded: None,
    ) -> None:
        self._environment = environment
        self._definition = definition
        self._clients = clients
        self._records = records
        self._sessions = sessions
        self._budgets = budgets
        self._log = log
        self._progress_store = progress_store
        self._after_answer = after_answer or AfterAnswer()
        self._leftovers = Leftovers()
        if retire is not None:
            self._retire = retire
            self._after_answer.add(self._retire_if_burdened)
        self._cold_start = cold_start or ColdStart()
        self._cold_start.ready()
        self._reader = EventReader(environment, definition, store)
        self._reporter = RequestReporter(environment, self._cold_start, clients)

    @property
    def init_ms(self) -> float:
        """Milliseconds from process start until this service was ready."""
        return self._cold_start.init_ms

    def close(self) -> None:
        """Drop idle connections."""
        self._clients.close()

    def handle(self, event: object, context: LambdaContext) -> dict[str, Any]:
        """Serve one event.

        Returns:
            An ``AgentAnswer`` as JSON; ``success`` is false when the caller has to act.

        Raises:
            InvocationFailed: The request failed, and not by the caller's fault.
        """
        outcome = self.serve(event, context)
        if outcome.failure is not None and not outcome.failure.answered:
            raise InvocationFailed(outcome.answer, record=outcome.record) from None
        return outcome.document

    def serve(
        self, event: object, context: LambdaContext, watcher: Watcher | None = None
    ) -> Outcome:
        """Serve one event, and say what came of it; ``watcher`` is told while it comes."""
        served = self._begin(context, watcher or Nobody())
        try:
            failure = self._work(event, served)
            if served.start.kept is not None:
                answer = answer_of(served, self._environment.agent, None)
                self._report(served, answer, None)
                return Outcome(served.start.kept, answer, None)
            encoded, failure = self._close(served, failure)
            self._note_leftovers(served)
            self._report(served, encoded.answer, failure)
        finally:
            self._after_answer.request_over(served.deadline.killed_in_s)
        return Outcome(
            document=encoded.document,
            answer=encoded.answer,
            failure=failure,
            # The record of one that waits has more to show, and keeps no answer.
            packed=encoded.packed if served.asks is None else None,
            record=self._place_of(served),
        )

    def refuse(self, error: TradewindError, context: LambdaContext) -> None:
        """Report a request that cannot be served as it came; nothing is recorded of it."""
        served = self._begin(context, Nobody())
        self._report(served, answer_of(served, self._environment.agent, error), error)
        self._after_answer.request_over(served.deadline.killed_in_s)

    def _work(self, event: object, served: ServedRequest) -> TradewindError | None:
        """Do what the event asks; return why it failed."""
        try:
            with metered(served), calls_within(served.deadline.remaining_s):
                self._serve(event, served)
        except TradewindError as error:
            return error
        except Exception as error:
            return _defect("Unexpected error", error)
        return None

    def _close(
        self, served: ServedRequest, failure: TradewindError | None
    ) -> tuple[EncodedAnswer, TradewindError | None]:
        """Make visible what was done, and write the record's end."""
        agent = self._environment.agent
        with metered(served), calls_within(served.deadline.closing_s):
            if failure is None and asks(served):
                failure = ask_person(served, self._records, self._environment)
                if failure is None:
                    encoded = close_answer(served, agent, None)
                    self._log_waiting(served, encoded)
                    return encoded, None
            if failure is not None:
                ends_with = put_back(served, failure, self._records)
                if ends_with is None:
                    encoded = close_answer(served, agent, failure)
                    self._end_turn(served, encoded)
                    self._log_waiting(served, encoded)
                    return encoded, failure
                failure = ends_with
            # Before anything becomes visible: what cannot be answered did not succeed.
            checked, failure = check_answer(served, agent, failure)
            if served.turn is not None and served.run is not None and checked is not None:
                failure = failure or served.turn.check(served.run, checked.answer)
            try:
                failure = commit_artifacts(served, failure)
            except Exception as error:
                failure = failure or _defect("Unexpected error in the commit", error)
            encoded = close_answer(served, agent, failure, checked)
            lost = self._end_turn(served, encoded)
            if lost is not None:
                failure, encoded = lost, close_answer(served, agent, lost)
            finish_record(served, self._records, encoded)
            if served.allowance is not None:
                served.allowance.close()
        return encoded, failure

    def _report(
        self, served: ServedRequest, answer: AgentAnswer, failure: TradewindError | None
    ) -> None:
        """Tell log and metrics. Failing to changes no answer."""
        try:
            self._reporter.report(served, answer, failure)
        except Exception as error:
            log_defect("The request could not be reported", error)

    def _begin(self, context: LambdaContext, watcher: Watcher) -> ServedRequest:
        logger = get_logger()
        # Keys of the request's own context: a tool that is left behind at the deadline keeps its
        # request's, whoever is served meanwhile.
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(
            request_id=context.aws_request_id, lambda_request_id=context.aws_request_id
        )
        return ServedRequest(
            request_id=context.aws_request_id,
            process_start=self._cold_start.take(),
            init_ms=self.init_ms,
            deadline=Deadline(context.get_remaining_time_in_millis() / 1000),
            watcher=watcher,
            prices=self._environment.prices,
            runtime_meter=None if self._environment.runtime is None else RuntimeMeter(),
        )

    def _serve(self, event: object, served: ServedRequest) -> None:
        """Do what the event asks; ``served`` tells how far it came.

        Raises:
            TradewindError: The request was refused, or failed.
        """
        recorded, work = self._reader.read(event, served)
        if not served.deadline.remaining_s():
            raise DeadlineExceeded("The request came when the function's time was over.")
        try:
            served.start = self._records.start(
                recorded,
                remaining_s=served.deadline.killed_in_s(),
                ttl_days=self._environment.record_ttl_days,
            )
        except StorageUnavailable:
            served.recorded = recorded  # it may have been written all the same
            raise
        if served.start.kept is not None:
            get_logger().thread_safe_append_keys(project_id=served.start.kept["project_id"])
            return
        served.recorded = recorded
        try:
            if served.start.answered is not None:
                work = self._work_after(served.start.answered, served)
        finally:  # what cannot go on is logged, too
            self._begin_log(recorded, served)
        if isinstance(work, RequestError):
            raise work
        if work is None:
            if asks(served):  # something else is asked first
                return
            raise InternalError("An answer without a question.")
        if work.request.session_id is not None:
            served.turn = self._begin_turn(work.request.session_id, recorded, served)
            if served.turn.kept is not None:
                self._answer_again(served, served.turn.kept)
                return
        self._run(work, recorded, served)

    def _begin_log(self, recorded: RecordedRequest, served: ServedRequest) -> None:
        """Put what is asked into the log; with the person's reply, of a run that goes on."""
        if self._log is None:
            return
        served.logged = LoggedRequest(self._log, served.request, recorded, served.start.answered)
        served.logged.begin(served.deadline.remaining_s)

    def _log_waiting(self, served: ServedRequest, encoded: EncodedAnswer) -> None:
        if served.logged is not None:
            served.logged.end(encoded, served.deadline.closing_s, waits=True)

    def _work_after(self, record: StoredRecord, served: ServedRequest) -> Work | None:
        """What to go on with after an answer; None while another one is waited for.

        Raises:
            AgentChanged: The agent cannot, as it is now.
            RequestError: Likewise.
        """
        continued = Continuation.unpack(record.continuation or b"")
        served.continued = continued = continued.with_answer(record.reply or "")
        work = self._reader.work_of(continued.asks, served)
        if not continued.is_answered:
            return None
        work.project.restore(continued.left)
        return work

    def _run(self, work: Work, recorded: RecordedRequest, served: ServedRequest) -> None:
        """Let the agent work.

        Raises:
            TradewindError: It failed.
        """
        environment, continued = self._environment, served.continued
        progress = ProgressWriter(self._progress_store(recorded), served.meter)
        served.run = run = AgentRun(
            prompt=work.prompt,
            project=work.project,
            deadline=served.deadline,
            environment=environment,
            bedrock_client=self._clients.get(),
            options=work.options,
            listener=both(progress.heard, served.watcher.heard),
            history=served.turn.history if served.turn else (),
            conversation=served.turn.epoch if served.turn else "",
            goes_on=None if continued is None else continued.goes_on,
            request=work.request,
        )
        if self._budgets is not None:
            served.allowance = self._budgets.allowance(
                work.request.owner,
                served.deadline.killed_in_s,
                committed_nano=0 if continued is None else continued.committed_nano,
            )
        served.watcher.begun(work.project.project_id, run.cancel)
        with allowing(served.allowance), progress.telling(run.cancel):
            run_to_its_end(self._definition, run)
        if run.stopped:
            told = "The function's time ran out. The response and the artifacts are what was done."
            raise DeadlineExceeded(told)

    def _begin_turn(
        self, session_id: str, recorded: RecordedRequest, served: ServedRequest
    ) -> SessionTurn:
        """Claim the conversation, and read it.

        Raises:
            TradewindError: It is at work on another turn, of another agent, or not to be reached.
        """
        if self._sessions is None:
            raise InternalError("This function keeps no conversations.")
        return SessionTurn.begin(
            self._sessions,
            recorded,
            session_id,
            served.query,
            deadline=served.deadline,
            history_tokens=self._environment.session_history_tokens,
            repeated=served.start.repeated,
            continued=served.continued,
        )

    def _answer_again(self, served: ServedRequest, kept: EncodedAnswer) -> None:
        """Answer what an earlier run has appended whose record's end was never written."""
        finish_record(served, self._records, kept)
        served.start = Start(kept=kept.document, settled=served.start.settled)
        get_logger().thread_safe_append_keys(project_id=kept.document["project_id"])

    def _end_turn(self, served: ServedRequest, encoded: EncodedAnswer) -> TradewindError | None:
        """Append a turn that has succeeded, and let the conversation go after any other.

        Returns:
            Why the turn is not in the conversation though it succeeded.
        """
        if served.turn is None:
            return None
        try:
            return served.turn.end(encoded, calls_of(served), served.deadline.closing_s)
        except Exception as error:
            return _defect("Unexpected error at the end of a turn", error)

    def _note_leftovers(self, served: ServedRequest) -> None:
        left_behind = served.run.threads.left_behind() if served.run else []
        self._leftovers.add(left_behind)
        served.leftover_threads = self._leftovers.count()
        if left_behind:
            get_logger().warning(
                "Threads left behind",
                left_behind=len(left_behind),
                leftover_threads=served.leftover_threads,
            )

    def _retire_if_burdened(self, time_left_s: Callable[[], float]) -> None:
        reason = self._leftovers.burden(time_left_s())
        if reason is not None:
            self._reporter.report_retirement(reason, self._leftovers.count())
            self._retire()

    def _place_of(self, served: ServedRequest) -> dict[str, str] | None:
        """Where the whole answer can be fetched."""
        if served.recorded is None or not served.kept:
            return None
        return {
            "table": self._environment.records_table,
            RECORD_KEY: served.recorded.record_id,
        }


def _defect(message: str, error: Exception) -> InternalError:
    """Log an error that nobody foresaw; return what the caller is told of it."""
    log_defect(message, error)
    return InternalError("An unexpected error; the function's log has it.")
