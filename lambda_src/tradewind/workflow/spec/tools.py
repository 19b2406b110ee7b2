"""What agents work with: tools and skills."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from tradewind.workflow.spec.fields import Closed, Filled, Id, Json, Listed, refused, whole


class Callable(Closed):
    """A tool by its name."""

    callable: Filled


def _called(tool: Any) -> Any:
    return {"callable": tool} if isinstance(tool, str) else tool


class Example(Closed, extra="allow"):
    """A request that shows a model what an API takes."""

    description: str | None = None
    method: str | None = None
    path: str | None = None
    json_data: Json = None


class Endpoint(Closed, extra="allow"):
    """A part of an API, for a model's eyes."""

    path: str
    description: str
    method: str | None = None


class HttpExecutor(Closed):
    """An API as a tool.

    Attributes:
        id: The tool's name.
        base_url: The API's address; a public one.
        headers: Sent with each request; ``${NAME}`` stands for a secret.
        timeout_ms: How long a request may take.
        description: For the model, as are all below.
        examples: Requests.
        common_endpoints: Parts of the API.
        response_format: What answers look like.
        authentication_info: How requests are signed.
    """

    id: Id
    base_url: str
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_ms: Annotated[int, whole(1)] = 30_000
    description: str | None = None
    examples: Listed[Example] = ()
    common_endpoints: Listed[Endpoint] = ()
    response_format: str | None = None
    authentication_info: str | None = None


class McpServer(Closed):
    """A server of the Model Context Protocol: a command to start, or an address.

    Attributes:
        id: The tool's name.
        command: A program.
        args: Its arguments.
        env: Its variables.
        url: An address.
        headers: Sent with each request to it.
    """

    id: Id
    command: Filled | None = None
    args: Listed[str] = ()
    env: dict[str, str] = Field(default_factory=dict)
    url: Filled | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_two(self) -> "McpServer":
        if (self.command is None) == (self.url is None):
            raise refused("needs `command` or `url`, and not both")
        return self


class Tools(Closed):
    """The tools there are for agents to have."""

    python: Listed[Annotated[Callable, BeforeValidator(_called)]] = ()
    http_executors: Listed[HttpExecutor] = ()
    mcp: Listed[McpServer] = ()


class Skill(Closed):
    """Instructions that agents read when they need them; ``path`` is relative to the file."""

    id: Id
    path: Filled
    description: str | None = None
    preload_metadata: bool = False


#: The tools that need no declaration.
NATIVE_TOOLS: Final = frozenset(
    {
        *("calculator", "current_time", "file_read", "file_write", "grep", "head", "tail"),
        *("search", "http_request", "web_fetch", "python_exec", "spec_verify"),
        *("tavily_search", "duckduckgo_search"),
    }
)
#: The tool by which agents read the file's skills.
SKILL_TOOL: Final = "Skill"
#: Words for all the tools of one kind.
GROUPS: Final = frozenset({"python", "http_executors", "mcp"})


def is_native(name: str) -> bool:
    """Whether a callable is one of the native tools; a dotted path counts by its end."""
    return name.rpartition(".")[2] in NATIVE_TOOLS
