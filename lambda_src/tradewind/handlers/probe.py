"""The Lambda entry point of the probe, which CodeDeploy asks before a new version gets requests."""

import gc
import os
from pathlib import Path
from typing import Any, Final, Protocol

from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import Once, Repeated
from tradewind.contracts.environment import ProbeEnvironment
from tradewind.handlers.prober import Prober
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

_AGENTS: Final = Path(__file__).parents[2] / "agents"
#: As long as any function of Lambda's may take; the deadline ends the wait sooner.
_LONGEST_S: Final = 900.0


class ProbeContext(Protocol):
    """What the probe uses of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is killed."""


def _create_prober() -> Prober:
    keep_words_out_of_logs()
    environment = ProbeEnvironment.from_variables(os.environ)
    clients = AwsClients()
    return Prober(
        environment.environment,
        environment.versions,
        _AGENTS,
        # What is said twice of a deployment is refused, and was said.
        deployments=clients.create("codedeploy", repeats=Repeated(may_run_twice=True)),
        functions=clients.create("lambda", repeats=Once(), read_timeout_s=_LONGEST_S),
    )


_prober = _create_prober()
gc.enable()


def handler(event: dict[str, Any], context: ProbeContext) -> dict[str, Any]:
    """Ask one new version, and report to CodeDeploy. See ``Prober.probe``."""
    return _prober.probe(event, Deadline(context.get_remaining_time_in_millis() / 1000))
