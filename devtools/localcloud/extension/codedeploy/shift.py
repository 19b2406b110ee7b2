"""A deployment: asks the hooks, shifts the traffic, watches the alarms.

Source: the CodeDeploy user guide, "Deployments on an AWS Lambda compute platform" and "Monitoring
deployments with CloudWatch alarms". Not said there, and taken so: alarms count from the
deployment's beginning to its end, also while a hook is asked; a hook that fails by itself reports
nothing, and its hour has to pass.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from devtools.localcloud.extension.clock import Clock
from devtools.localcloud.extension.codedeploy import functions, traffic
from devtools.localcloud.extension.codedeploy.appspec import AFTER, BEFORE
from devtools.localcloud.extension.codedeploy.records import Deployment, Event
from devtools.localcloud.extension.codedeploy.refusal import Failed

ALLOW: Final = "AllowTraffic"
#: "If there is no response within one hour, CodeDeploy assumes that the deployment failed."
HOOK_LIMIT_S: Final = 3600

logger = logging.getLogger("devtools.localcloud.codedeploy")


class Shift:
    """Carries a deployment out."""

    def __init__(self, deployment: Deployment, clock: Clock) -> None:
        self._deployment = deployment
        self._clock = clock
        self._role = deployment.group.role
        self._spec = deployment.spec
        names = (BEFORE, ALLOW, AFTER)
        deployment.events = [
            Event(name) for name in names if name == ALLOW or name in self._spec.hooks
        ]

    def run(self) -> None:
        """Go from the beginning to the end, whichever it is."""
        deployment = self._deployment
        deployment.status, deployment.started = "InProgress", time.time()
        try:
            functions.check(self._role, self._spec)
            self._look()
            for event in deployment.events:
                self._carry_out(event)
            status = "Succeeded"
        except Failed as failed:
            deployment.error = {"code": failed.code, "message": str(failed)}
            stopped = failed.code in ("ALARM_ACTIVE", "MANUAL_STOP")
            status = "Stopped" if stopped else "Failed"
        except Exception as problem:
            logger.exception("the deployment %s failed", deployment.id)
            deployment.error = {"code": "INTERNAL_ERROR", "message": str(problem)}
            status = "Failed"
        for event in deployment.events:
            if event.status == "Pending":
                event.status = "Skipped"
        deployment.status, deployment.ended = status, time.time()

    def _carry_out(self, event: Event) -> None:
        event.status, event.started = "InProgress", time.time()
        try:
            if event.name == ALLOW:
                self._allow_traffic()
            else:
                self._ask(event)
        except BaseException as problem:
            event.status, event.ended = "Failed", time.time()
            event.diagnostics = str(problem)
            raise
        event.status, event.ended = "Succeeded", time.time()

    def _ask(self, event: Event) -> None:
        hook = self._spec.hooks[event.name]
        functions.ask(self._role, hook, self._deployment.id, event.execution_id)
        deadline = self._clock.now() + HOOK_LIMIT_S
        if self._wait_until(deadline, lambda: event.status != "InProgress"):
            raise Failed(
                f"The hook {hook} of {event.name} did not report a status within one hour",
                "TIMEOUT",
            )
        if event.status != "Succeeded":
            raise Failed(
                f"The hook {hook} of {event.name} reported {event.status}",
                "HOOK_EXECUTION_FAILURE",
            )

    def _allow_traffic(self) -> None:
        moment = self._clock.now()
        for step in traffic.steps(self._deployment.routing):
            functions.shift(self._role, self._spec, step.percent)
            self._deployment.weight = step.percent
            moment += step.wait_s
            if step.wait_s:
                self._wait_until(moment, lambda: False)

    def _wait_until(self, moment: float, over: Callable[[], bool]) -> bool:
        """Wait, and look at the alarms and for whoever stops the deployment meanwhile.

        Returns:
            Whether the moment has come.

        Raises:
            Failed: An alarm went off, or somebody stopped the deployment.
        """
        problems: list[Failed] = []

        def interrupted() -> bool:
            try:
                self._look()
            except Failed as failed:
                problems.append(failed)
            return bool(problems) or over()

        came = self._clock.wait_until(moment, interrupted)
        if problems:
            raise problems[0]
        self._look()
        return came

    def _look(self) -> None:
        deployment = self._deployment
        if deployment.stop:
            raise Failed("The deployment was stopped by somebody who asked for it.", "MANUAL_STOP")
        alarms = deployment.alarms
        if not alarms.get("enabled"):
            return
        names = [alarm["name"] for alarm in alarms.get("alarms") or []]
        try:
            active = functions.activated(self._role, names)
        except Failed:
            if alarms.get("ignorePollAlarmFailure"):
                return
            raise
        if active:
            raise Failed(
                "One or more alarms have been activated according to the Amazon CloudWatch metrics "
                "you selected, and the affected deployments have been stopped. Activated alarms: "
                f"<{', '.join(active)}>",
                "ALARM_ACTIVE",
            )
