"""An event of an agent's function, as what its request does."""

from dataclasses import dataclass

from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import RequestError
from tradewind.contracts.names import session_key
from tradewind.contracts.request import (
    AgentRequest,
    goes_on,
    parse_goes_on,
    parse_request,
)
from tradewind.handlers.served import ServedRequest
from tradewind.handlers.session_turn import project_of
from tradewind.records.item import RecordedRequest, content_sha256
from tradewind.run.artifact_store import ArtifactStore
from tradewind.run.definition import AgentDefinition
from tradewind.run.options import RunOptions
from tradewind.run.project import Project
from tradewind.run.prompt import compose_prompt
from tradewind.telemetry.logger import get_logger


@dataclass(frozen=True)
class Work:
    """What an agent is to do.

    Attributes:
        request: What the caller asks.
        project: What it works on.
        options: What the caller wants otherwise.
        prompt: What the agent is told.
    """

    request: AgentRequest
    project: Project
    options: RunOptions
    prompt: str


class EventReader:
    """Reads events, and notes what they are about.

    Args:
        environment: The function's.
        definition: Its agent's.
        store: Where artifacts are.
    """

    def __init__(
        self, environment: AgentEnvironment, definition: AgentDefinition, store: ArtifactStore
    ) -> None:
        self._environment = environment
        self._definition = definition
        self._store = store

    def read(
        self, event: object, served: ServedRequest
    ) -> tuple[RecordedRequest, Work | RequestError | None]:
        """Read an event.

        Returns:
            The request as its record knows it. And what to do; why it cannot be done, of a request
            whose record has to say so; or None, where the record says what to do.

        Raises:
            RequestError: It is none.
        """
        environment = self._environment
        if goes_on(event):
            told = parse_goes_on(event, environment.agent)
            served.request_id = told.request_id
            get_logger().thread_safe_append_keys(request_id=told.request_id)
            return self._recorded(told.owner, served, told.goes_on, goes_on=True), None
        request = parse_request(event, environment.agent, max_tokens=environment.max_tokens)
        work: Work | RequestError
        project = self._note(request, served)
        try:
            work = self._work(request, project)
        except RequestError as error:
            if not request.accepted:
                raise
            work = error
        recorded = self._recorded(
            request.owner,
            served,
            content_sha256(request),
            project_id=project.project_id,
            accepted=request.accepted,
            session=(
                request.session_id
                and session_key(owner=request.owner, session_id=request.session_id)
            ),
        )
        return recorded, work

    def work_of(self, request: AgentRequest, served: ServedRequest) -> Work:
        """What to do of a request that goes on.

        Raises:
            RequestError: It cannot be done any more, as the function is now.
        """
        return self._work(request, self._note(request, served))

    def _note(self, request: AgentRequest, served: ServedRequest) -> Project:
        served.request = request
        served.query = request.query
        served.session_id = request.session_id
        served.request_id = request.request_id or served.request_id
        environment = self._environment
        served.project = project = Project(
            project_id=project_of(request),
            agent=environment.agent,
            parameters=request.parameters,
            store=self._store,
            reads_from=environment.reads_from,
            request_id=served.request_id,
            attempt=served.attempt,
            # Nobody knows of a request that did not come through the API, and can answer it.
            may_ask=request.accepted,
        )
        get_logger().thread_safe_append_keys(
            request_id=served.request_id, project_id=project.project_id
        )
        return project

    def _work(self, request: AgentRequest, project: Project) -> Work:
        options = RunOptions.of(request)
        prompt = compose_prompt(
            request.query,
            request.parameters,
            request.context,
            has_tools=self._definition.has_tools,
        )
        return Work(request, project, options, prompt)

    def _recorded(
        self,
        owner: str,
        served: ServedRequest,
        sha256: str,
        *,
        project_id: str = "",
        accepted: bool = True,
        goes_on: bool = False,
        session: str | None = None,
    ) -> RecordedRequest:
        return RecordedRequest(
            owner=owner,
            agent=self._environment.agent,
            request_id=served.request_id,
            project_id=project_id,
            model_id=self._environment.model_id,
            sha256=sha256,
            attempt=served.attempt,
            accepted=accepted,
            goes_on=goes_on,
            session_key=session,
        )
