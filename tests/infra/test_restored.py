"""An agent that is restored from a snapshot, from the bundle that deploys."""

import contextlib
from dataclasses import replace
from pathlib import Path

from bench.coldstart.cloud import Cloud, serving
from bench.coldstart.ours import bundled
from bench.coldstart.recording import put_what_is_in_it
from bench.coldstart.start import Startable, as_lambda_knows, invocation_of
from devtools.localcloud.execution import ExecutionEnvironment, Warden
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from tests.deployed_agents import FIRST

COPIES = 3
LIMIT_S = 60
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def test_an_agent_is_restored_and_answers_with_keys_of_its_own(tmp_path: Path) -> None:
    (found,) = bundled(wanted=[FIRST])
    put_what_is_in_it(found.archive.path, tmp_path)
    agent = found.function(tmp_path, 0)
    with serving([FIRST]) as there, contextlib.closing(Copies(agent, there)) as copies:
        for number in range(1, COPIES):
            copies.answer()
            calls = there.calls(FIRST)
            # None was open, or asked for, before the snapshot.
            assert calls.connections == {"bedrock": number, "dynamodb": number}
            assert calls.requests["bedrock"] == number


class Copies:
    """Processes of an agent, each of which is stopped for a snapshot and restored."""

    def __init__(self, agent: Startable, there: Cloud) -> None:
        endpoints = dict(there.endpoints(FIRST))
        keys = {name: endpoints.pop(name) for name in KEYS}
        self._agent = agent
        self._function = replace(
            as_lambda_knows(agent, endpoints), credentials=keys, snapshot=True, log_level="DEBUG"
        )
        self._log: list[str] = []
        self._warden = Warden()

    def answer(self) -> None:
        """Have one restored and asked."""
        copy = ExecutionEnvironment(self._function, LAMBDA_RUNTIME, self._warden, self._log.append)
        try:
            assert copy.initialise(LIMIT_S) is None, self._log
            assert copy.restore(LIMIT_S) is None, self._log
            outcome = copy.invoke(invocation_of(self._agent), LIMIT_S)
        finally:
            copy.end()
            assert copy.process.stdout is not None
            copy.process.stdout.close()
        assert outcome.answer is not None, self._log
        assert self._agent.is_right(outcome.answer), self._log

    def close(self) -> None:
        self._warden.end()
