"""Models, pooled by what makes them differ, over a run and over the runs of a process."""

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tradewind.bedrock.client import ClientPool, get_client_pool, process_clients
from tradewind.bedrock.model_pool import MAX_MODELS
from tradewind.contracts.environment import ModelEnvironment
from tradewind.contracts.names import EnvVar
from tradewind.workflow.engine.calls import Model
from tradewind.workflow_agents.providers import (
    BEDROCK,
    MAX_TOKENS,
    READ_TIMEOUT_S,
    Made,
    make,
    make_bedrock,
)
from tradewind.workflow_agents.statistics import Statistics

if TYPE_CHECKING:
    from strands.models import Model as StrandsModel

#: Gives the client of a region that keeps so many connections.
Clients = Callable[[str, int], Any]
#: On a laptop; a function's environment has its own.
_CONNECT_TIMEOUT_S: Final = 5.0


class BedrockClients:
    """The process's bedrock-runtime clients: one for each region that is asked."""

    def __init__(self) -> None:
        self._pools: dict[str, ClientPool] = {}
        self._lock = threading.Lock()

    def __call__(self, region: str, connections: int) -> Any:
        """Return a region's client. See ``ClientPool.get``."""
        return self.pool(region).get(connections)

    def pool(self, region: str) -> ClientPool:
        """What holds a region's client: in a function, for its own region, the function's own."""
        if os.environ.get(EnvVar.MODEL_REGION) == region:
            return get_client_pool()
        with self._lock:
            if region not in self._pools:
                environment = ModelEnvironment.from_variables(
                    {
                        EnvVar.MODEL_ID: "-",  # each call names its own
                        EnvVar.MAX_TOKENS: str(MAX_TOKENS),
                        EnvVar.CONNECT_TIMEOUT_S: str(_CONNECT_TIMEOUT_S),
                        EnvVar.READ_TIMEOUT_S: str(READ_TIMEOUT_S),
                        EnvVar.MAX_CONNECTIONS: "1",
                        **os.environ,
                        EnvVar.MODEL_REGION: region,
                    }
                )
                self._pools[region] = ClientPool(environment, process_clients())
            return self._pools[region]


@dataclass(eq=False)
class _Entry:
    """A model in the pool, or one that is used after it has left it."""

    made: Made
    client: Any
    loop: asyncio.AbstractEventLoop | None
    users: int = 0
    pooled: bool = field(default=True)


class ModelPool:
    """At most ``MAX_MODELS`` models, the least recently used out first. Safe for threads.

    Bedrock's are all on the process's client, and stay from run to run. Another provider's has a
    client of its own, which belongs to one event loop: ``close_all`` closes them with the run. A
    model that is in use is closed when its last call is over.

    Args:
        clients: Gives Bedrock's clients.
        max_models: How many are kept.

    Attributes:
        hits: Calls that found their model.
        misses: Calls for which one was made.
    """

    def __init__(self, clients: Clients | None = None, max_models: int = MAX_MODELS) -> None:
        self._clients = clients or BedrockClients()
        self._max_models = max_models
        self._entries: OrderedDict[tuple[Model, asyncio.AbstractEventLoop | None], _Entry]
        self._entries = OrderedDict()
        self._bedrock: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def begin_run(self, models: Iterable[Model], connections: int) -> None:
        """Have the clients ready that a run's models on Bedrock are asked with.

        Args:
            models: Its models.
            connections: How many calls it makes at once.
        """
        for region in {model.region or "" for model in models if model.provider == BEDROCK}:
            client = self._clients(region, connections)
            with self._lock:
                self._bedrock[region] = client

    @asynccontextmanager
    async def lease(
        self, model: Model, *, environ: Mapping[str, str], statistics: Statistics
    ) -> AsyncIterator["StrandsModel"]:
        """Have a model for one call.

        Args:
            model: Which; see ``providers.settled``.
            environ: Where the provider's key is.
            statistics: Told whether it was there.
        """
        entry, evicted = self._take(model, environ, statistics)
        try:
            for one in evicted:
                await _close(one)
            yield entry.made.model
        finally:
            if self._give(entry):
                await _close(entry)

    async def close_all(self) -> None:
        """Close the clients of the running event loop's models, and forget those models."""
        loop = asyncio.get_running_loop()
        with self._lock:
            keys = [key for key in self._entries if key[1] is loop]
            unused = [entry for entry in map(self._entries.pop, keys) if self._leave(entry)]
        for entry in unused:
            await _close(entry)

    def _take(
        self, model: Model, environ: Mapping[str, str], statistics: Statistics
    ) -> tuple[_Entry, list[_Entry]]:
        with self._lock:
            if model.provider == BEDROCK:
                client, loop = self._bedrock[model.region or ""], None
            else:
                client, loop = None, asyncio.get_running_loop()
            key = (model, loop)
            entry = self._entries.get(key)
            if entry is not None and entry.client is client:
                self.hits += 1
                statistics.model_hits += 1
            else:
                made = make(model, environ) if client is None else make_bedrock(model, client)
                entry = self._entries[key] = _Entry(made, client, loop)
                self.misses += 1
                statistics.models_made += 1
            entry.users += 1
            self._entries.move_to_end(key)
            evicted = []
            while len(self._entries) > self._max_models:
                oldest = self._entries.popitem(last=False)[1]
                if self._leave(oldest):
                    evicted.append(oldest)
            return entry, evicted

    def _give(self, entry: _Entry) -> bool:
        """Note a call's end, and return whether the model is to be closed."""
        with self._lock:
            entry.users -= 1
            return not entry.pooled and entry.users == 0

    def _leave(self, entry: _Entry) -> bool:
        """Note that a model is out of the pool, and return whether it is to be closed."""
        entry.pooled = False
        return entry.users == 0


async def _close(entry: _Entry) -> None:
    close, loop = entry.made.close, entry.loop
    if close is None or loop is None or loop.is_closed():
        return
    if loop is asyncio.get_running_loop():
        await close()
    else:  # its connections are another run's, in another thread
        asyncio.run_coroutine_threadsafe(_awaited(close), loop)


async def _awaited(close: Callable[[], Any]) -> None:
    await close()


#: The process's models.
MODELS: Final = ModelPool()
