"""Strands' models of each provider, made from what a workflow file says.

A provider's library is imported when a model of it is made. What keeps a provider from being used
here, a key or a package that is missing, is known before.
"""

import importlib.util
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tradewind.contracts.errors import ModelStreamBroken
from tradewind.contracts.names import EnvVar
from tradewind.workflow.engine.calls import Model
from tradewind.workflow.engine.errors import Unsupported

if TYPE_CHECKING:
    import httpx
    from strands.models import Model as StrandsModel

#: The longest reply where neither the file nor the environment sets one. Never unset on Bedrock,
#: which then reserves the model's maximum of the account's quota; Anthropic wants one, too.
MAX_TOKENS: Final = 4096
#: Seconds that a provider may take to accept a connection, and be silent.
CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 120.0
#: Seconds that a connection is kept without a call; the libraries' own five are less than a call.
KEPT_S: Final = 60.0

BEDROCK: Final = "bedrock"
#: Where `make setup` and whoever installs this find the providers' packages.
_LOCK: Final = "lambda_src/requirements/workflow-providers.txt"


@dataclass(frozen=True, slots=True)
class Made:
    """A model, and what closes the client that it alone has."""

    model: "StrandsModel"
    close: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    """What a provider needs.

    Attributes:
        package: The module of its library.
        keys: The variables that its key may be in; the first that is set counts.
        make: Makes a model.
    """

    package: str
    keys: tuple[str, ...]
    make: Callable[[Model, str], Made]


def settled(model: Model, environ: Mapping[str, str]) -> Model:
    """A model of a file with what the environment says where the file does not."""
    if model.provider == BEDROCK:
        return replace(
            model,
            model_id=model.model_id or environ.get(EnvVar.MODEL_ID),
            region=model.region or environ.get(EnvVar.MODEL_REGION),
            host=None,
            max_tokens=model.max_tokens or int(environ.get(EnvVar.MAX_TOKENS, MAX_TOKENS)),
        )
    return replace(model, region=None)


def require(models: Iterable[Model], environ: Mapping[str, str]) -> None:
    """Make sure that models can be made here, before any is called.

    Raises:
        Unsupported: Some cannot; all that is missing is named.
    """
    missing = dict.fromkeys(why for model in models for why in _missing(model, environ))
    if missing:
        raise Unsupported("; ".join(missing))


def _missing(model: Model, environ: Mapping[str, str]) -> Iterable[str]:
    name = model.provider
    if not model.model_id:
        yield f"{name}: no model is named; set `runtime.model_id`"
    if name == BEDROCK:
        if not model.region:
            yield f"{name}: no region is named; set `runtime.region`"
        return
    provider = _PROVIDERS.get(name)
    if provider is None:
        yield f"{name}: there are no models of this provider here"
        return
    if not _installed(provider.package):
        yield f"{name}: the package of this provider is missing; pip install -r {_LOCK}"
    if provider.keys and not _key(provider, environ):
        yield f"{name}: no key; set {' or '.join(provider.keys)}"


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # of a package around it
        return False


def _key(provider: _Provider, environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in provider.keys if environ.get(name)), "")


def make_bedrock(model: Model, client: Any) -> Made:
    """A model on the process's client."""
    from tradewind.strands_bedrock import ClientBedrockModel  # noqa: PLC0415

    sampling = _given(temperature=model.temperature, top_p=model.top_p)
    made = ClientBedrockModel(
        client, model_id=model.model_id, max_tokens=model.max_tokens, **sampling
    )
    return Made(made)


def make(model: Model, environ: Mapping[str, str]) -> Made:
    """A model of another provider, on a client of its own in the running event loop."""
    provider = _PROVIDERS[model.provider]
    return provider.make(model, _key(provider, environ))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _limits() -> "httpx.Limits":
    """As many connections as the run has calls at once, and all of them kept."""
    import httpx  # noqa: PLC0415

    return httpx.Limits(keepalive_expiry=KEPT_S)


def _broken() -> ModelStreamBroken:
    return ModelStreamBroken("The answer ended before its end.")


def _openai(model: Model, key: str) -> Made:
    import openai  # noqa: PLC0415
    from strands.models.openai import OpenAIModel  # noqa: PLC0415

    from tradewind.workflow_agents.event_streams import read_to_end  # noqa: PLC0415

    class CheckedOpenAIModel(OpenAIModel):
        """Strands takes an answer that was cut off for a whole one."""

        def format_chunk(self, event: dict[str, Any], **kwargs: Any) -> Any:
            # OpenAI has no such reason: Strands says so where none came.
            if event["chunk_type"] == "message_stop" and event["data"] == "end_turn":
                raise _broken()
            return super().format_chunk(event, **kwargs)

    client = openai.AsyncOpenAI(
        api_key=key,
        base_url=model.host,
        max_retries=0,
        timeout=openai.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        http_client=openai.DefaultAsyncHttpxClient(
            limits=_limits(), event_hooks={"response": [read_to_end]}
        ),
    )
    # OpenAI's newer models refuse the older name; other servers of its protocol know no newer one.
    length = "max_tokens" if model.host else "max_completion_tokens"
    params = _given(temperature=model.temperature, top_p=model.top_p, **{length: model.max_tokens})
    made = CheckedOpenAIModel(client=client, model_id=str(model.model_id), params=params)
    return Made(made, client.close)


def _anthropic(model: Model, key: str) -> Made:
    import anthropic  # noqa: PLC0415
    from strands.models.anthropic import AnthropicModel  # noqa: PLC0415

    class CheckedAnthropicModel(AnthropicModel):
        """Strands takes an answer that was cut off for a whole one."""

        async def stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            whole = False
            async for event in super().stream(*args, **kwargs):
                whole = whole or "messageStop" in event
                yield event
            if not whole:
                raise _broken()

    client_args: dict[str, Any] = {
        "api_key": key,
        "max_retries": 0,
        "http_client": anthropic.DefaultAsyncHttpxClient(limits=_limits()),
        "timeout": anthropic.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        **_given(base_url=model.host),
    }
    made = CheckedAnthropicModel(
        client_args=client_args,
        model_id=str(model.model_id),
        max_tokens=model.max_tokens or MAX_TOKENS,
        params=_given(temperature=model.temperature, top_p=model.top_p),
    )
    return Made(made, made.client.close)


def _ollama(model: Model, _key: str) -> Made:
    import httpx  # noqa: PLC0415
    from strands.models.ollama import OllamaModel  # noqa: PLC0415

    class CheckedOllamaModel(OllamaModel):
        """Strands takes an answer that was cut off for a whole one."""

        def format_chunk(self, event: dict[str, Any], **kwargs: Any) -> Any:
            if event["chunk_type"] == "metadata":
                data = event["data"]
                if not data.done:
                    raise _broken()
                # It tells no count of what it had in its cache.
                data.prompt_eval_count = data.prompt_eval_count or 0
                data.eval_count = data.eval_count or 0
                data.total_duration = data.total_duration or 0
            return super().format_chunk(event, **kwargs)

    # Strands makes a client for each call and leaves it open: they share this one's connections.
    transport = httpx.AsyncHTTPTransport(limits=_limits())
    made = CheckedOllamaModel(
        model.host,
        ollama_client_args={
            "transport": transport,
            "timeout": httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        },
        model_id=str(model.model_id),
        **_given(temperature=model.temperature, top_p=model.top_p, max_tokens=model.max_tokens),
    )
    return Made(made, transport.aclose)


def _gemini(model: Model, key: str) -> Made:
    from google import genai  # noqa: PLC0415
    from strands.models.gemini import GeminiModel  # noqa: PLC0415

    class CheckedGeminiModel(GeminiModel):
        """Strands takes an answer that was cut off for a whole one."""

        def _format_chunk(self, event: dict[str, Any]) -> Any:
            # A reason of Gemini's own is one of an enumeration.
            reason = event.get("data")
            own = type(reason) is not str and reason is not None
            if event["chunk_type"] == "message_stop" and not own and reason != "TOOL_USE":
                raise _broken()
            return super()._format_chunk(event)

    client = genai.Client(
        api_key=key,
        http_options=genai.types.HttpOptions(
            timeout=int(READ_TIMEOUT_S * 1000),
            retry_options=genai.types.HttpRetryOptions(attempts=1),
            async_client_args={"limits": _limits()},
            **_given(base_url=model.host),
        ),
    )

    async def close() -> None:
        await client.aio.aclose()
        client.close()

    params = _given(
        temperature=model.temperature, top_p=model.top_p, max_output_tokens=model.max_tokens
    )
    return Made(
        CheckedGeminiModel(client=client, model_id=str(model.model_id), params=params), close
    )


_PROVIDERS: Final[Mapping[str, _Provider]] = {
    "openai": _Provider("openai", ("OPENAI_API_KEY",), _openai),
    "anthropic": _Provider("anthropic", ("ANTHROPIC_API_KEY",), _anthropic),
    "gemini": _Provider("google.genai", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), _gemini),
    "ollama": _Provider("ollama", (), _ollama),
}
