"""Ask a new version of an agent one question, and tell CodeDeploy whether it may have requests.

The question is a real one: it goes to the model, and into the record, like anybody's. It is the
one that the agent's manifest names, or its example. What is asked and answered is not logged.

CodeDeploy waits for what is reported, an hour if need be; so whatever happens is reported.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.aws.deadline import Deadline, calls_within
from tradewind.contracts.errors import DeadlineExceeded
from tradewind.contracts.names import function_name
from tradewind.telemetry.log_fields import PROBE_DONE
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: Who asks. Nobody who comes through the API has this name: the requests are the probe's own.
OWNER: Final = "tradewind:probe"


@dataclass(frozen=True)
class Verdict:
    """What came of a question.

    Attributes:
        reason: Why the version is refused, for a person; None when it may have requests.
        code: The answer's error code, where it has one.
    """

    reason: str | None
    code: str | None = None


class Prober:
    """Asks new versions.

    Args:
        environment: The environment's name.
        versions: The version that is deployed now, by the deployment group, which is its agent.
        agents: The folder of the agents' manifests and examples.
        deployments: A client of CodeDeploy.
        functions: A client of Lambda that sends each call once.
    """

    def __init__(
        self,
        environment: str,
        versions: Mapping[str, str],
        agents: Path,
        *,
        deployments: Any,
        functions: "LambdaClient",
    ) -> None:
        self._environment = environment
        self._versions = versions
        self._agents = agents
        self._deployments = deployments
        self._functions = functions

    def probe(self, event: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Ask the version of the deployment that ``event`` names, and report.

        Returns:
            ``passed``, and what was asked.

        Raises:
            ClientError: CodeDeploy was not to be told; it goes back when it has waited long enough.
            BotoCoreError: Likewise.
        """
        deployment = str(event["DeploymentId"])
        agent = version = None
        try:
            with calls_within(deadline.remaining_s):
                agent = self._agent_of(deployment)
                version = self._versions[agent]
                verdict = self._ask(agent, version, deployment)
        except DeadlineExceeded:
            verdict = Verdict("It gave no answer in time.")
        except (ClientError, BotoCoreError, OSError) as error:
            verdict = Verdict(f"It could not be asked: {_named(error)}.")
        except Exception as error:
            # A defect here must not let a version through, nor CodeDeploy wait for an hour.
            get_logger().exception("The probe failed")
            verdict = Verdict(f"The probe failed: {type(error).__name__}.")
        passed = verdict.reason is None
        with calls_within(deadline.closing_s):
            self._deployments.put_lifecycle_event_hook_execution_status(
                deploymentId=deployment,
                lifecycleEventHookExecutionId=str(event["LifecycleEventHookExecutionId"]),
                status="Succeeded" if passed else "Failed",
            )
        told: dict[str, Any] = {
            "passed": passed,
            "agent": agent,
            "version": version,
            "deployment": deployment,
        }
        logger = get_logger()
        (logger.info if passed else logger.error)(
            PROBE_DONE, **told, reason=verdict.reason, error_code=verdict.code
        )
        metrics = RequestMetrics({Dimension.ENVIRONMENT: self._environment})
        metrics.annotate(deployment=deployment)
        metrics.add(MetricName.VERSIONS_REFUSED, 0 if passed else 1)
        metrics.flush()
        return told

    def _agent_of(self, deployment: str) -> str:
        found = self._deployments.get_deployment(deploymentId=deployment)
        return str(found["deploymentInfo"]["deploymentGroupName"])

    def _ask(self, agent: str, version: str, deployment: str) -> Verdict:
        reply = self._functions.invoke(
            FunctionName=f"{function_name(self._environment, agent)}:{version}",
            Payload=json.dumps(
                {
                    **question_of(self._agents / agent),
                    "agent": agent,
                    # A deployment that asks again gets the answer that there is.
                    "request_id": f"probe-{deployment}",
                    "owner": OWNER,
                }
            ).encode(),
        )
        answer = _read(reply["Payload"].read())
        if "FunctionError" in reply:
            return Verdict("Its function failed.", _code_of_failure(answer))
        if answer.get("success") is not True:
            failure = answer.get("error")
            code = failure.get("code") if isinstance(failure, dict) else None
            return Verdict("It did not answer the question.", code)
        return Verdict(None)


def question_of(folder: Path) -> dict[str, Any]:
    """What an agent is asked: ``probe`` of its manifest, or its example."""
    manifest = tomllib.loads((folder / "agent.toml").read_text(encoding="utf-8"))
    if "probe" in manifest:
        return {"query": manifest["probe"]}
    example: dict[str, Any] = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    return example


def _read(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(payload)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _code_of_failure(answer: Mapping[str, Any]) -> str | None:
    """The code in an ``InvocationFailed``; of a process that died, Lambda's own type of error."""
    told = _read(str(answer.get("errorMessage", "")).encode())
    code = told.get("code", answer.get("errorType"))
    return None if code is None else str(code)


def _named(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__
