"""What an agent function is asked, and how an event becomes that."""

import json
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradewind.contracts.errors import InvalidRequest, QueryTooLong, UnknownAgent
from tradewind.contracts.names import OWNER_PATTERN, REQUEST_ID_PATTERN, SESSION_ID_PATTERN
from tradewind.contracts.output_schema import check_output_schema
from tradewind.contracts.texts import is_well_formed

#: Characters. About 4,000 tokens: room for a long brief, far from a model's context window.
MAX_QUERY_LENGTH: Final = 16_000
#: Characters of JSON. A site with a few thousand features fits; Lambda's own limit is 6 MB.
MAX_PARAMETERS_LENGTH: Final = 2_000_000
#: Characters. A system prompt of the caller's own, as long as a query.
MAX_SYSTEM_PROMPT_LENGTH: Final = 16_000
#: Characters. About 25,000 tokens; a conversation carries them to its end.
MAX_CONTEXT_LENGTH: Final = 100_000
#: Characters of an unknown field's name that are repeated.
_LONGEST_NAME: Final = 64

#: Ids become S3 key parts and table keys, so they are plain.
PROJECT_ID_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{2,62}$"

Q = TypeVar("Q", bound="Question")


class Question(BaseModel):
    """What any caller may ask of an agent, directly or through the API.

    Attributes:
        query: What is wanted, in words.
        parameters: Values and data for the agent's tools, such as the site's GeoJSON.
        project_id: The project to work on; a new one is made when absent.
        session_id: The conversation that this continues, or begins; the caller's own id of it.
        system_prompt: What the model is told after the agent's own system prompt.
        context: What the model should know when it reads the query, such as a document.
        max_tokens: Longest answer of one model call; at most the settings', which is the default.
        temperature: Sampling temperature; the model's default when absent.
        output_schema: A JSON Schema of an object, which the answer's ``output`` then is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    query: str = Field(min_length=1, max_length=MAX_QUERY_LENGTH)
    parameters: dict[str, Any] = Field(default_factory=dict)
    project_id: str | None = Field(default=None, pattern=PROJECT_ID_PATTERN)
    session_id: str | None = Field(default=None, pattern=SESSION_ID_PATTERN)
    system_prompt: str | None = Field(
        default=None, min_length=1, max_length=MAX_SYSTEM_PROMPT_LENGTH
    )
    context: str | None = Field(default=None, min_length=1, max_length=MAX_CONTEXT_LENGTH)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    output_schema: dict[str, Any] | None = None


class AgentRequest(Question):
    """A request to one agent.

    Attributes:
        agent: Which agent; a function serves one, so this only guards against mix-ups.
        request_id: The caller's own id, which makes a repeat detectable.
        owner: For whom the function is asked, by whoever asks for several. Each owner has request
            ids and conversations of their own, and sees no other's answers.
        accepted: Whether the API has opened its record: it is worked on once, or not at all.
    """

    agent: str | None = None
    request_id: str | None = Field(default=None, pattern=REQUEST_ID_PATTERN)
    owner: str = Field(default="", pattern=OWNER_PATTERN)
    accepted: bool = False


class GoesOnRequest(BaseModel):
    """Tells an agent that a request which asked a person has its answer; the record has both.

    Attributes:
        agent: Which agent.
        request_id: Which request.
        owner: Whose.
        accepted: It came through the API; no other can ask a person.
        goes_on: The digest of what was asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    agent: str
    request_id: str = Field(pattern=REQUEST_ID_PATTERN)
    owner: str = Field(pattern=OWNER_PATTERN)
    accepted: Literal[True]
    goes_on: str = Field(pattern=r"^[0-9a-f]{64}$")


def goes_on(event: object) -> bool:
    """Whether an event is a ``GoesOnRequest``."""
    return isinstance(event, dict) and "goes_on" in event and "query" not in event


def parse_goes_on(event: object, serving: str) -> GoesOnRequest:
    """Check an event that tells of an answer.

    Raises:
        InvalidRequest: A field is missing, unknown, of the wrong type or malformed.
        UnknownAgent: The request is for another agent.
    """
    try:
        request = GoesOnRequest.model_validate(event)
    except ValidationError as invalid:
        raise _invalid(invalid, GoesOnRequest) from None
    _require_agent(request.agent, serving)
    return request


def parse_request(event: object, serving: str, *, max_tokens: int | None = None) -> AgentRequest:
    """Check an event and return the request in it.

    Args:
        event: The Lambda event, as decoded from JSON.
        serving: The agent this function serves.
        max_tokens: What a request may ask for at most; None where the settings are not known.

    Raises:
        InvalidRequest: A field is missing, empty, unknown, of the wrong type, out of range or
            malformed, or its text cannot be encoded.
        QueryTooLong: The query or the parameters are over their limit.
        UnknownAgent: The request is for another agent.
    """
    request = _checked(AgentRequest, event, max_tokens)
    if request.agent is not None:
        _require_agent(request.agent, serving)
    return request


def _require_agent(agent: str, serving: str) -> None:
    if agent != serving:
        raise UnknownAgent(
            f"This function serves the {serving} agent; each agent has a function of its own.",
            field="agent",
        )


def parse_question(document: object, *, max_tokens: int | None = None) -> Question:
    """Check what a caller of the API asks.

    Args:
        document: The request's body, as decoded from JSON.
        max_tokens: As ``parse_request``.

    Raises:
        InvalidRequest: As ``parse_request``.
        QueryTooLong: Likewise.
    """
    return _checked(Question, document, max_tokens)


def _checked(model: type[Q], document: object, max_tokens: int | None) -> Q:
    if not isinstance(document, dict):
        what = "event" if model is AgentRequest else "body"
        raise InvalidRequest(f"The {what} must be a JSON object with at least a query.")
    query = document.get("query")
    if isinstance(query, str) and not query.strip():
        raise InvalidRequest("The query is empty. Say what the agent should do.", field="query")
    if isinstance(query, str) and len(query) > MAX_QUERY_LENGTH:
        raise QueryTooLong(
            f"The query has {len(query)} characters; at most {MAX_QUERY_LENGTH} are taken.",
            field="query",
        )
    try:
        request = model.model_validate(document)
    except ValidationError as invalid:
        raise _invalid(invalid, model) from None
    length = _length_of(request.parameters)
    if length > MAX_PARAMETERS_LENGTH:
        raise QueryTooLong(
            f"The parameters have {length} characters of JSON; "
            f"at most {MAX_PARAMETERS_LENGTH} are taken.",
            field="parameters",
        )
    _check_options(request, max_tokens)
    return request


def _check_options(request: Question, max_tokens: int | None) -> None:
    """Refuse options that could not have their whole effect."""
    for field in ("system_prompt", "context"):
        text = getattr(request, field)
        if text is not None and not text.strip():
            raise InvalidRequest(f"{field}: It is empty; leave it out then.", field=field)
        if text is not None and not is_well_formed(text):
            raise InvalidRequest(f"{field}: There is half of a surrogate pair in it.", field=field)
    asked = request.max_tokens
    if asked is not None and max_tokens is not None and asked > max_tokens:
        raise InvalidRequest(
            f"max_tokens: {asked} is more than this agent gives; at most {max_tokens} are.",
            field="max_tokens",
        )
    if request.output_schema is not None:
        check_output_schema(request.output_schema)


def _invalid(invalid: ValidationError, model: type[BaseModel]) -> InvalidRequest:
    """Say of the first wrong field what is wrong with it.

    Inputs stay out of the message: they may be private.
    """
    first = invalid.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        # A name of the caller's own; it may be of any length.
        field = field[:_LONGEST_NAME]
        known = ", ".join(model.model_fields)
        return InvalidRequest(
            f"{field}: There is no such field. Those here are {known}.", field=field
        )
    if not field:
        return InvalidRequest(f"A field's name: {first['msg']}")
    return InvalidRequest(f"{field}: {first['msg']}", field=field)


def _length_of(parameters: dict[str, Any]) -> int:
    """Characters of JSON.

    Raises:
        InvalidRequest: They are no JSON that can be sent on, whatever Python's decoder took.
    """
    try:
        document = json.dumps(parameters, ensure_ascii=False, allow_nan=False)
        document.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(
            "parameters: There is half of a surrogate pair in a text.", field="parameters"
        ) from None
    except ValueError:
        raise InvalidRequest(
            "parameters: JSON has no NaN and no infinity.", field="parameters"
        ) from None
    except RecursionError:
        raise InvalidRequest("parameters: They are nested too deep.", field="parameters") from None
    return len(document)
