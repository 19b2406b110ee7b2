"""Models, pooled by what makes them differ."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from tradewind.bedrock.model import MeteredBedrockModel

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


def create_model(key: ModelKey, client: Any) -> MeteredBedrockModel:
    """Create the model that ``key`` describes, on ``client``."""
    inference = {"temperature": key.temperature, "top_p": key.top_p}
    return MeteredBedrockModel(
        client,
        model_id=key.model_id,
        max_tokens=key.max_tokens,
        **{name: value for name, value in inference.items() if value is not None},
    )


class ModelPool:
    """At most ``MAX_MODELS`` models, the least recently used out first. Safe for threads.

    Attributes:
        hits: Requests served with a pooled model.
        misses: Requests for which one was created.
    """

    def __init__(self, max_models: int = MAX_MODELS) -> None:
        self._max_models = max_models
        self._models: OrderedDict[ModelKey, MeteredBedrockModel] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._models)

    def get(self, key: ModelKey, client: Any) -> MeteredBedrockModel:
        """Return the model for ``key`` on ``client``, creating it when needed.

        A model pooled on another client is replaced: its connections are not the caller's.
        """
        with self._lock:
            model = self._models.get(key)
            if model is not None and model.client is client:
                self.hits += 1
            else:
                self.misses += 1
                model = self._models[key] = create_model(key, client)
            self._models.move_to_end(key)
            while len(self._models) > self._max_models:
                self._models.popitem(last=False)
            return model
