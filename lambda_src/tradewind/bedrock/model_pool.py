"""Models, pooled by what makes them differ."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

#: A process serves few configurations; more means a key that varies by request.
MAX_MODELS: Final = 16


@dataclass(frozen=True)
class ModelKey:
    """Everything that makes one model object differ from another.

    Attributes:
        provider: ``bedrock``.
        model_id: A model or inference profile id.
        region: Where the client sends its calls.
        endpoint: The URL it sends them to.
        max_tokens: Length limit of an answer. Always set: Bedrock reserves the model's maximum
            against the account's quota otherwise.
        temperature: Sampling temperature; the model's default when None.
        top_p: Nucleus sampling; the model's default when None.
    """

    provider: str
    model_id: str
    region: str
    endpoint: str
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None

    @classmethod
    def for_client(cls, client: Any, model_id: str, max_tokens: int) -> "ModelKey":
        """Return the key of a model on ``client`` with default sampling."""
        return cls(
            provider="bedrock",
            model_id=model_id,
            region=client.meta.region_name,
            endpoint=client.meta.endpoint_url,
            max_tokens=max_tokens,
        )


class PooledModel(Protocol):
    """A framework's model on a client."""

    @property
    def client(self) -> Any:
        """The client it calls with."""


M = TypeVar("M", bound=PooledModel)


class ModelPool(Generic[M]):
    """At most ``MAX_MODELS`` models, the least recently used out first. Safe for threads.

    Args:
        create: Creates the framework's model that a key describes, on a client.
        max_models: How many are kept.

    Attributes:
        hits: Requests served with a pooled model.
        misses: Requests for which one was created.
    """

    def __init__(self, create: Callable[[ModelKey, Any], M], max_models: int = MAX_MODELS) -> None:
        self._create = create
        self._max_models = max_models
        self._models: OrderedDict[ModelKey, M] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._models)

    def get(self, key: ModelKey, client: Any) -> M:
        """Return the model for ``key`` on ``client``, creating it when needed.

        A model pooled on another client is replaced: its connections are not the caller's.
        """
        with self._lock:
            model = self._models.get(key)
            if model is not None and model.client is client:
                self.hits += 1
            else:
                self.misses += 1
                model = self._models[key] = self._create(key, client)
            self._models.move_to_end(key)
            while len(self._models) > self._max_models:
                self._models.popitem(last=False)
            return model
