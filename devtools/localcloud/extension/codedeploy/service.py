"""Starts deployments, stops them, and takes back what failed.

Source: the CodeDeploy user guide, "Redeploy and roll back a deployment with CodeDeploy": a rollback
is a deployment of its own, with an id of its own. For Lambda it does not say how fast it shifts:
here at once, and without asking the hooks.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from devtools.localcloud.extension.clock import Clock
from devtools.localcloud.extension.codedeploy import functions
from devtools.localcloud.extension.codedeploy.appspec import AppSpec
from devtools.localcloud.extension.codedeploy.records import Deployment, Group, Records
from devtools.localcloud.extension.codedeploy.refusal import Failed, Refused
from devtools.localcloud.extension.codedeploy.shift import Shift

Document = Mapping[str, Any]

_AT_ONCE: Final = {"type": "AllAtOnce"}
_EVENT_OF: Final = {
    "ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM",
    "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST",
}


class Service:
    """The deployments at work."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self.records = records
        self._clock = clock
        self._starting = threading.Lock()
        self._ended = threading.Condition()

    def start(
        self, group: Group, spec: AppSpec, creator: str, given: Document | None = None
    ) -> Deployment:
        """Start a deployment; it goes on by itself.

        Args:
            group: Whose settings it has.
            spec: What to deploy.
            creator: Who asked for it: ``user``, ``CloudFormation``.
            given: What the request says in place of the group's settings, in the API's terms.

        Raises:
            Refused: The group has a deployment that has not ended.
        """
        asked = given or {}
        settings = group.settings
        name = asked.get("deploymentConfigName") or group.config
        config = self.records.config(name)
        deployment = Deployment(
            group=group,
            spec=spec,
            config=name,
            routing=config["trafficRoutingConfig"],
            alarms=asked.get("overrideAlarmConfiguration")
            or settings.get("alarmConfiguration")
            or {},
            rollback=asked.get("autoRollbackConfiguration")
            or settings.get("autoRollbackConfiguration")
            or {},
            creator=creator,
            description=asked.get("description", ""),
        )
        self._begin(deployment)
        return deployment

    def send_back(self, group: Group, spec: AppSpec) -> Deployment:
        """Start a deployment that takes an alias back at once, whatever alarms say."""
        deployment = Deployment(
            group, spec, "CodeDeployDefault.LambdaAllAtOnce", _AT_ONCE, {}, {},
            "CloudFormationRollback",
        )  # fmt: skip
        self._begin(deployment)
        return deployment

    def stop(self, deployment: Deployment, rollback: bool | None) -> None:
        """Ask a deployment to end, with a rollback or not; None for what its settings say.

        Raises:
            Refused: It has ended.
        """
        if not deployment.active:
            raise Refused(
                f"The deployment {deployment.id} has already completed",
                "DeploymentAlreadyCompletedException",
            )
        deployment.stop_with_rollback = rollback
        deployment.stop = True

    def wait(self, deployment: Deployment) -> None:
        """Wait until a deployment has ended, and its rollback too."""
        with self._ended:
            self._ended.wait_for(lambda: deployment.over)

    def _begin(self, deployment: Deployment) -> None:
        with self._starting:
            for one in self.records.of_group(deployment.group):
                if not one.over:
                    raise Refused(
                        f"The Deployment Group '{deployment.group.name}' already has an active "
                        f"Deployment '{one.id}'",
                        "DeploymentLimitExceededException",
                    )
            self.records.deployments[deployment.id] = deployment
        threading.Thread(
            target=self._run, args=(deployment,), name=deployment.id, daemon=True
        ).start()

    def _run(self, deployment: Deployment) -> None:
        with self._clock.taking_part():
            Shift(deployment, self._clock).run()
            try:
                if deployment.error and self._rolls_back(deployment):
                    self._roll_back(deployment)
            finally:
                with self._ended:
                    deployment.over = True
                    self._ended.notify_all()

    @staticmethod
    def _rolls_back(deployment: Deployment) -> bool:
        error = deployment.error or {}
        if error["code"] == "MANUAL_STOP" and deployment.stop_with_rollback is not None:
            return deployment.stop_with_rollback
        event = _EVENT_OF.get(error["code"], "DEPLOYMENT_FAILURE")
        asked = deployment.rollback
        return bool(asked.get("enabled")) and event in (asked.get("events") or [])

    def _roll_back(self, failed: Deployment) -> None:
        """Give the alias its old version, as a deployment of its own."""
        back = Deployment(
            group=failed.group,
            spec=failed.spec.reverse(),
            config=failed.config,
            routing=_AT_ONCE,
            alarms={},
            rollback={},
            creator="codeDeployRollback",
            description=f"Rolls back {failed.id}",
            rollback_info={"rollbackTriggeringDeploymentId": failed.id},
            started=time.time(),
        )
        failed.rollback_info = {"rollbackDeploymentId": back.id}
        self.records.deployments[back.id] = back
        try:
            if failed.weight:
                functions.send_back(failed.group.role, failed.spec)
            back.status, back.weight = "Succeeded", 100
        except Failed as problem:
            back.status = "Failed"
            back.error = {"code": problem.code, "message": str(problem)}
        back.ended, back.over = time.time(), True
