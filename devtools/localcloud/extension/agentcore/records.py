"""Runtimes, their versions and their endpoints, as the control plane keeps them.

Sources: the service model of ``bedrock-agentcore-control``, its API reference and its guide. That
``DEFAULT`` cannot be deleted, that a runtime with other endpoints cannot, and the words for both
are from reports of callers of AWS (agentcore-samples#2007).
"""

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from devtools.localcloud.extension.agentcore.refusal import conflict, invalid, not_found

DEFAULT: Final = "DEFAULT"
#: From the guide's table of lifecycle settings; its upper bounds, too, for what is no "instance".
IDLE_S: Final = 900
LIFETIME_S: Final = 28_800
_SUFFIX: Final = string.ascii_letters + string.digits

Configuration = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """What one creation or update of a runtime has set; it never changes.

    Attributes:
        number: From 1 up.
        configuration: The request's members, in the API's terms.
        code: The unpacked code artifact.
        made: When.
    """

    number: int
    configuration: Configuration
    code: Path
    made: datetime

    @property
    def idle_s(self) -> int:
        """How long a session may do nothing."""
        return int(self._lifecycle.get("idleRuntimeSessionTimeout", IDLE_S))

    @property
    def lifetime_s(self) -> int:
        """How long a session's process may live."""
        return int(self._lifecycle.get("maxLifetime", LIFETIME_S))

    @property
    def protocol(self) -> str:
        """``HTTP``, ``A2A`` or ``AGUI``."""
        given = self.configuration.get("protocolConfiguration") or {}
        return str(given.get("serverProtocol", "HTTP"))

    @property
    def _lifecycle(self) -> Mapping[str, Any]:
        return self.configuration.get("lifecycleConfiguration") or {}


@dataclass
class Endpoint:
    """A name that callers use for a version."""

    name: str
    id: str
    arn: str
    version: int
    made: datetime
    changed: datetime
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Runtime:
    """A runtime with all its versions."""

    name: str
    id: str
    arn: str
    made: datetime
    workload_identity_arn: str
    versions: dict[int, Version] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def newest(self) -> Version:
        """The version of the last update."""
        return self.versions[max(self.versions)]

    def version(self, number: str | None) -> Version:
        """A version by its number, the newest without one.

        Raises:
            Refused: There is none of that number.
        """
        if number is None:
            return self.newest
        found = self.versions.get(int(number))
        if found is None:
            raise not_found(f"Version {number} of agent '{self.id}' was not found.")
        return found

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint by its name.

        Raises:
            Refused: There is none of that name.
        """
        found = self.endpoints.get(name)
        if found is None:
            raise not_found(f"Endpoint '{name}' of agent '{self.id}' was not found.")
        return found


class Runtimes:
    """All runtimes of the account.

    Safe for the threads of CloudFormation and of the API at once.

    Args:
        arn_prefix: Of every ARN, up to and with the colon before the resource.
        now: The time.
    """

    def __init__(self, arn_prefix: str, now: Callable[[], datetime]) -> None:
        self._prefix = arn_prefix
        self._now = now
        self._runtimes: dict[str, Runtime] = {}
        self._lock = threading.RLock()

    def all(self) -> list[Runtime]:
        """Every runtime, the oldest first."""
        with self._lock:
            return list(self._runtimes.values())

    def find(self, runtime_id: str) -> Runtime:
        """A runtime by its id.

        Raises:
            Refused: There is none.
        """
        found = self._runtimes.get(runtime_id)
        if found is None:
            raise not_found(
                f"Agent '{runtime_id}' was not found. Please check the agent ID and try again."
            )
        return found

    def by_arn(self, arn: str) -> "Runtime | Endpoint":
        """A runtime or an endpoint by its ARN.

        Raises:
            Refused: There is none.
        """
        with self._lock:
            for runtime in self._runtimes.values():
                if runtime.arn == arn:
                    return runtime
                for endpoint in runtime.endpoints.values():
                    if endpoint.arn == arn:
                        return endpoint
        raise not_found(f"Resource '{arn}' was not found.")

    def create(self, name: str, configuration: Configuration, code: Path) -> Runtime:
        """Make a runtime with its first version and its ``DEFAULT`` endpoint.

        Raises:
            Refused: Its name is another's.
        """
        with self._lock:
            if any(runtime.name == name for runtime in self._runtimes.values()):
                raise conflict(f"An agent with the specified name '{name}' already exists.")
            now, identity = self._now(), _id(name)
            arn = f"{self._prefix}runtime/{identity}"
            directory = f"{self._prefix}workload-identity-directory/default"
            runtime = Runtime(name, identity, arn, now, f"{directory}/workload-identity/{identity}")
            runtime.versions[1] = Version(1, configuration, code, now)
            runtime.endpoints[DEFAULT] = self._endpoint(runtime, DEFAULT, 1, None)
            self._runtimes[identity] = runtime
            return runtime

    def update(self, runtime_id: str, configuration: Configuration, code: Path) -> Runtime:
        """Make a new version, which ``DEFAULT`` follows. What is not given is not kept.

        Raises:
            Refused: There is no such runtime.
        """
        with self._lock:
            runtime = self.find(runtime_id)
            number = runtime.newest.number + 1
            runtime.versions[number] = Version(number, configuration, code, self._now())
            default = runtime.endpoints[DEFAULT]
            default.version, default.changed = number, self._now()
            return runtime

    def delete(self, runtime_id: str) -> Runtime:
        """Delete a runtime, and ``DEFAULT`` with it.

        Raises:
            Refused: There is none, or it has other endpoints.
        """
        with self._lock:
            runtime = self.find(runtime_id)
            if runtime.endpoints.keys() - {DEFAULT}:
                raise conflict("This agent has endpoints that must be deleted first")
            return self._runtimes.pop(runtime_id)

    def create_endpoint(
        self, runtime_id: str, name: str, version: str | None, description: str | None
    ) -> Endpoint:
        """Make an endpoint, of the newest version unless told.

        Raises:
            Refused: There is no such runtime or version, or there is one of this name.
        """
        with self._lock:
            runtime = self.find(runtime_id)
            if name in runtime.endpoints:
                raise conflict(f"An endpoint with the specified name '{name}' already exists.")
            number = runtime.version(version).number
            endpoint = self._endpoint(runtime, name, number, description)
            runtime.endpoints[name] = endpoint
            return endpoint

    def update_endpoint(
        self, runtime_id: str, name: str, version: str | None, description: str | None
    ) -> Endpoint:
        """Point an endpoint at another version.

        Raises:
            Refused: There is no such runtime, endpoint or version, or it is ``DEFAULT``.
        """
        with self._lock:
            runtime = self.find(runtime_id)
            endpoint = runtime.endpoint(name)
            if name == DEFAULT:
                raise conflict("Default endpoints follow the agent's newest version")
            if version is not None:
                endpoint.version = runtime.version(version).number
            if description is not None:
                endpoint.description = description
            endpoint.changed = self._now()
            return endpoint

    def delete_endpoint(self, runtime_id: str, name: str) -> Endpoint:
        """Delete an endpoint.

        Raises:
            Refused: There is none, or it is ``DEFAULT``.
        """
        with self._lock:
            runtime = self.find(runtime_id)
            endpoint = runtime.endpoint(name)
            if name == DEFAULT:
                raise conflict("Default endpoints are removed when you delete the agent")
            return runtime.endpoints.pop(endpoint.name)

    def target(self, runtime_arn: str, qualifier: str) -> tuple[Runtime, Endpoint, Version]:
        """What an invocation goes to.

        Raises:
            Refused: There is no such runtime or endpoint.
        """
        with self._lock:
            runtime = self.find(runtime_arn.rpartition("/")[2])
            if runtime.arn != runtime_arn:
                raise not_found(f"No agent was found with ARN '{runtime_arn}'.")
            endpoint = runtime.endpoint(qualifier)
            return runtime, endpoint, runtime.versions[endpoint.version]

    def _endpoint(
        self, runtime: Runtime, name: str, version: int, description: str | None
    ) -> Endpoint:
        now = self._now()
        arn = f"{runtime.arn}/runtime-endpoint/{name}"
        return Endpoint(name, _id(name), arn, version, now, now, description)


def check_lifecycle(configuration: Configuration) -> None:
    """Refuse lifecycle settings that the model lets through.

    Raises:
        Refused: They are over eight hours, or a session would live shorter than it may idle.
    """
    given = configuration.get("lifecycleConfiguration") or {}
    idle = given.get("idleRuntimeSessionTimeout", IDLE_S)
    lifetime = given.get("maxLifetime", LIFETIME_S)
    for name, value in given.items():
        if value > LIFETIME_S:
            raise invalid(f"{name} must be at most {LIFETIME_S} seconds", name)
    if idle > lifetime:
        raise invalid("idleRuntimeSessionTimeout must be less than or equal to maxLifetime")


def _id(name: str) -> str:
    """The name with ten characters more, as the model's pattern has it."""
    return f"{name}-{''.join(secrets.choice(_SUFFIX) for _ in range(10))}"
