"""The control plane's operations, as boto3 and CloudFormation ask for them."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from devtools.localcloud.extension.access import trusts
from devtools.localcloud.extension.agentcore.artifacts import Artifacts
from devtools.localcloud.extension.agentcore.permissions import ARN_PREFIX, SERVICE, Policies
from devtools.localcloud.extension.agentcore.records import Endpoint, Runtime, Runtimes, Version
from devtools.localcloud.extension.agentcore.refusal import invalid, token_reused
from devtools.localcloud.running import ACCOUNT_ID

#: A page's length unless told; the model's most is 100.
_PAGE: Final = 100
_NOT_OF_A_VERSION: Final = ("agentRuntimeId", "agentRuntimeName", "clientToken", "tags")

Given = Mapping[str, Any]
Document = dict[str, Any]


class Control:
    """Answers the operations.

    A creation or an update is done when it is answered; its answer says that it has begun, as on
    AWS, and the next look finds it ready.

    Args:
        runtimes: Where they are kept.
        policies: Of the runtimes and endpoints.
        artifacts: Where code comes from.
        gone: Told of a runtime that was deleted, and of an endpoint (None for all of them).
    """

    def __init__(
        self,
        runtimes: Runtimes,
        policies: Policies,
        artifacts: Artifacts,
        gone: Callable[[str, str | None], None],
    ) -> None:
        self.runtimes = runtimes
        self._policies = policies
        self._artifacts = artifacts
        self._gone = gone
        self._answered: dict[tuple[str, str], tuple[Given, Document]] = {}
        self._operations: Mapping[str, Callable[[Given], Document]] = {
            "CreateAgentRuntime": lambda given: _begun(self.create(given), "CREATING"),
            "CreateAgentRuntimeEndpoint": self._create_endpoint,
            "DeleteAgentRuntime": self._delete,
            "DeleteAgentRuntimeEndpoint": self._delete_endpoint,
            "DeleteResourcePolicy": self._delete_policy,
            "GetAgentRuntime": self._get,
            "GetAgentRuntimeEndpoint": self._get_endpoint,
            "GetResourcePolicy": lambda given: {"policy": policies.get(given["resourceArn"])},
            "ListAgentRuntimeEndpoints": self._list_endpoints,
            "ListAgentRuntimes": self._list,
            "ListAgentRuntimeVersions": self._list_versions,
            "ListTagsForResource": lambda given: {"tags": dict(self._tagged(given).tags)},
            "PutResourcePolicy": lambda given: {
                "policy": policies.put(given["resourceArn"], given["policy"])
            },
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateAgentRuntime": lambda given: {
                **_begun(runtime := self.update(given), "UPDATING"),
                "lastUpdatedAt": _at(runtime.newest.made),
            },
            "UpdateAgentRuntimeEndpoint": self._update_endpoint,
        }

    def answer(self, name: str, given: Given) -> Document:
        """Carry out an operation whose input was checked.

        One that is repeated with its client token is answered again, and not done again.

        Raises:
            Refused: It cannot be done, or its token is another's.
        """
        token = given.get("clientToken")
        if token is None:
            return self._operations[name](given)
        if (name, token) not in self._answered:
            self._answered[name, token] = given, self._operations[name](given)
        asked, answer = self._answered[name, token]
        if asked != given:
            raise token_reused()
        return answer

    def create(self, given: Given) -> Runtime:
        """Make a runtime.

        Raises:
            Refused: It cannot be made; nothing is left of it.
        """
        configuration = self._checked(given)
        code = self._artifacts.unpack(configuration)
        runtime = self.runtimes.create(given["agentRuntimeName"], configuration, code)
        runtime.tags.update(given.get("tags") or {})
        return runtime

    def update(self, given: Given) -> Runtime:
        """Make a version of a runtime.

        Raises:
            Refused: It cannot be made; the runtime is as it was.
        """
        self.runtimes.find(given["agentRuntimeId"])
        configuration = self._checked(given)
        code = self._artifacts.unpack(configuration)
        return self.runtimes.update(given["agentRuntimeId"], configuration, code)

    def delete(self, runtime_id: str) -> None:
        """Delete a runtime, and end its sessions.

        Raises:
            Refused: There is none, or it has endpoints of its own.
        """
        runtime = self.runtimes.delete(runtime_id)
        for arn in (runtime.arn, *(each.arn for each in runtime.endpoints.values())):
            self._policies.forget(arn)
        self._gone(runtime_id, None)

    def delete_endpoint(self, runtime_id: str, name: str) -> None:
        """Delete an endpoint, and end its sessions.

        Raises:
            Refused: There is none, or it is ``DEFAULT``.
        """
        endpoint = self.runtimes.delete_endpoint(runtime_id, name)
        self._policies.forget(endpoint.arn)
        self._gone(runtime_id, name)

    def _checked(self, given: Given) -> Document:
        configuration = {
            name: value for name, value in given.items() if name not in _NOT_OF_A_VERSION
        }
        self._artifacts.check(configuration)
        role = configuration["roleArn"]
        name = given.get("agentRuntimeName") or given["agentRuntimeId"]
        source = {"aws:sourceaccount": ACCOUNT_ID, "aws:sourcearn": f"{ARN_PREFIX}runtime/{name}"}
        if not trusts(role, SERVICE, source):
            raise invalid(
                f"Role validation failed for '{role}'. Please verify that the role exists and its "
                "trust policy allows assumption by this service",
                "roleArn",
            )
        return configuration

    # -- The answers that need more than a record ---------------------------------------------

    def _create_endpoint(self, given: Given) -> Document:
        endpoint = self.runtimes.create_endpoint(
            given["agentRuntimeId"],
            given["name"],
            given.get("agentRuntimeVersion"),
            given.get("description"),
        )
        endpoint.tags.update(given.get("tags") or {})
        return {
            "targetVersion": str(endpoint.version),
            "agentRuntimeEndpointArn": endpoint.arn,
            "agentRuntimeArn": self.runtimes.find(given["agentRuntimeId"]).arn,
            "agentRuntimeId": given["agentRuntimeId"],
            "endpointName": endpoint.name,
            "status": "CREATING",
            "createdAt": _at(endpoint.made),
        }

    def _update_endpoint(self, given: Given) -> Document:
        runtime_id, name = given["agentRuntimeId"], given["endpointName"]
        before = str(self.runtimes.find(runtime_id).endpoint(name).version)
        endpoint = self.runtimes.update_endpoint(
            runtime_id, name, given.get("agentRuntimeVersion"), given.get("description")
        )
        return {
            **_endpoint(self.runtimes.find(runtime_id), endpoint),
            "liveVersion": before,
            "status": "UPDATING",
        }

    def _delete(self, given: Given) -> Document:
        if "agentRuntimeVersion" in given:
            raise invalid("The deletion of a single version is not supported here")
        self.delete(given["agentRuntimeId"])
        return {"status": "DELETING", "agentRuntimeId": given["agentRuntimeId"]}

    def _delete_endpoint(self, given: Given) -> Document:
        runtime_id, name = given["agentRuntimeId"], given["endpointName"]
        self.delete_endpoint(runtime_id, name)
        return {"status": "DELETING", "agentRuntimeId": runtime_id, "endpointName": name}

    def _get(self, given: Given) -> Document:
        runtime = self.runtimes.find(given["agentRuntimeId"])
        return described(runtime, runtime.version(given.get("agentRuntimeVersion")))

    def _get_endpoint(self, given: Given) -> Document:
        runtime = self.runtimes.find(given["agentRuntimeId"])
        return _endpoint(runtime, runtime.endpoint(given["endpointName"]))

    def _list(self, given: Given) -> Document:
        found = [_summary(runtime, runtime.newest) for runtime in self.runtimes.all()]
        return _page("agentRuntimes", found, given)

    def _list_versions(self, given: Given) -> Document:
        runtime = self.runtimes.find(given["agentRuntimeId"])
        newest_first = sorted(runtime.versions.values(), key=lambda one: -one.number)
        return _page("agentRuntimes", [_summary(runtime, one) for one in newest_first], given)

    def _list_endpoints(self, given: Given) -> Document:
        runtime = self.runtimes.find(given["agentRuntimeId"])
        found = [_endpoint(runtime, each) for each in list(runtime.endpoints.values())]
        return _page("runtimeEndpoints", found, given)

    def _delete_policy(self, given: Given) -> Document:
        self._policies.delete(given["resourceArn"])
        return {}

    def _tagged(self, given: Given) -> Runtime | Endpoint:
        return self.runtimes.by_arn(given["resourceArn"])

    def _tag(self, given: Given) -> Document:
        self._tagged(given).tags.update(given["tags"])
        return {}

    def _untag(self, given: Given) -> Document:
        for key in given["tagKeys"]:
            self._tagged(given).tags.pop(key, None)
        return {}


def described(runtime: Runtime, version: Version) -> Document:
    """All there is to say of a version of a runtime."""
    return {
        "networkConfiguration": {"networkMode": "PUBLIC"},
        **version.configuration,
        "lifecycleConfiguration": {
            "idleRuntimeSessionTimeout": version.idle_s,
            "maxLifetime": version.lifetime_s,
        },
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeName": runtime.name,
        "agentRuntimeId": runtime.id,
        "agentRuntimeVersion": str(version.number),
        "createdAt": _at(runtime.made),
        "lastUpdatedAt": _at(version.made),
        "status": "READY",
        "workloadIdentityDetails": {"workloadIdentityArn": runtime.workload_identity_arn},
    }


def _begun(runtime: Runtime, status: str) -> Document:
    return {
        "agentRuntimeArn": runtime.arn,
        "workloadIdentityDetails": {"workloadIdentityArn": runtime.workload_identity_arn},
        "agentRuntimeId": runtime.id,
        "agentRuntimeVersion": str(runtime.newest.number),
        "createdAt": _at(runtime.made),
        "status": status,
    }


def _summary(runtime: Runtime, version: Version) -> Document:
    return {
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.id,
        "agentRuntimeVersion": str(version.number),
        "agentRuntimeName": runtime.name,
        "description": version.configuration.get("description", ""),
        "lastUpdatedAt": _at(version.made),
        "status": "READY",
    }


def _endpoint(runtime: Runtime, endpoint: Endpoint) -> Document:
    said = {} if endpoint.description is None else {"description": endpoint.description}
    return {
        "liveVersion": str(endpoint.version),
        "targetVersion": str(endpoint.version),
        "agentRuntimeEndpointArn": endpoint.arn,
        "agentRuntimeArn": runtime.arn,
        **said,
        "status": "READY",
        "createdAt": _at(endpoint.made),
        "lastUpdatedAt": _at(endpoint.changed),
        "name": endpoint.name,
        "id": endpoint.id,
    }


def _page(name: str, items: Sequence[Document], given: Given) -> Document:
    start = 0
    if token := given.get("nextToken"):
        try:
            start = int(base64.b64decode(token, validate=True))
        except ValueError:
            start = -1
        if start < 0:
            raise invalid("The pagination token is invalid", "nextToken")
    end = start + given.get("maxResults", _PAGE)
    page: Document = {name: list(items[start:end])}
    if end < len(items):
        page["nextToken"] = base64.b64encode(str(end).encode()).decode()
    return page


def _at(moment: datetime) -> str:
    """As the model's timestamps are written."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
