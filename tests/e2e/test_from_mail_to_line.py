"""Killed requests are found by what a red alarm says to type: the requests, then their lines."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from cli import cdk
from cli.dashboard import local_preview
from cli.errors import CommandError
from devtools.localcloud.bedrock import Fault, FaultKind
from stacks.names import function_name, log_group_name
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment, client, eventually
from tests.e2e.test_bad_days import function_processes
from tests.e2e.test_command_line import tradewind
from tradewind.telemetry.log_fields import TOOL_BEGINS

NAME = function_name(cdk.LOCAL_ENV, FIRST)
ALARM = f"{NAME}-killed"
#: More than the least memory there is, and less than the longest request.
MUCH: list[dict[str, int]] = [{}] * 1_300_000


@contextmanager
def configured(**changes: int) -> Iterator[None]:
    """Let a version with less of something answer for a while."""
    functions = client("lambda")
    before = functions.get_function_configuration(FunctionName=NAME)
    live = functions.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"]
    functions.update_function_configuration(FunctionName=NAME, **changes)
    version = functions.publish_version(FunctionName=NAME)["Version"]
    functions.update_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    try:
        yield
    finally:
        functions.update_alias(FunctionName=NAME, Name="live", FunctionVersion=live)
        functions.update_function_configuration(
            FunctionName=NAME, **{name: before[name] for name in changes}
        )


def killed_for_its_memory(deployment: Deployment) -> None:
    with configured(MemorySize=128), pytest.raises(CommandError, match="died without an answer"):
        deployment.ask(FIRST, request_id="too-much", parameters={"much": MUCH})


def killed_at_its_timeout(deployment: Deployment) -> None:
    """It would have heeded its deadline, had it not been frozen when it had called a tool."""
    role = deployment.role(FIRST).rpartition("/")[2]
    processes: list[int] = []

    def tools() -> int:
        pattern = f'{{ $.message = "{TOOL_BEGINS}" && $.request_id = "too-long" }}'
        found = client("logs").filter_log_events(
            logGroupName=log_group_name(cdk.LOCAL_ENV, FIRST), filterPattern=pattern
        )
        return len(found["events"])

    with configured(Timeout=30), ThreadPoolExecutor(1) as caller:
        deployment.bedrock.inject(Fault(FaultKind.LATENCY, count=None, role=role, seconds=3))
        try:
            asked = caller.submit(deployment.ask, FIRST, request_id="too-long")
            eventually(tools)
            processes += function_processes(NAME)
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            with pytest.raises(CommandError, match="Task timed out"):
                asked.result()
        finally:
            deployment.bedrock.clear()
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
    # Nothing is left for other tests' sweeps.
    eventually(
        lambda: (
            deployment.sweep()["finished"]
            and deployment.record(FIRST, "too-long")["status"] == "failed"
        )
    )


@pytest.fixture
def red(deployment: Deployment) -> Iterator[None]:
    """The alarm, which is only evaluated here, gets the state that it has by that."""

    def gone_off() -> bool:
        preview = local_preview(deployment.running)
        [alarms] = [
            widget
            for widget in preview.document(preview.full_name(FIRST))["widgets"]
            if widget["title"] == "Alarms of this agent"
        ]
        return any((one["short"], one["state"]) == ("killed", "ALARM") for one in alarms["alarms"])

    def state(value: str) -> None:
        client("cloudwatch").set_alarm_state(
            AlarmName=ALARM, StateValue=value, StateReason="as it is evaluated"
        )

    killed_for_its_memory(deployment)
    killed_at_its_timeout(deployment)
    eventually(gone_off)
    state("ALARM")
    yield
    state("OK")


@pytest.mark.usefixtures("red")
def test_a_red_alarm_leads_to_what_was_killed_and_to_its_lines(deployment: Deployment) -> None:
    def typed(command: str) -> list[dict[str, Any]]:
        program, *words = command.split()
        assert program == "./tradewind"
        shown = tradewind(deployment, *words, "--json")
        assert shown.returncode == 0, shown.stderr
        return [json.loads(line)["message"] for line in shown.stdout.splitlines()]

    told = tradewind(deployment, "alarms", "now", "--json")
    assert told.returncode == 1  # some are red
    [alarm] = [one for one in json.loads(told.stdout)["red"] if one["name"] == ALARM]
    assert (cdk.PROJECT / alarm["runbook"]).is_file()

    requests = [line["record"] for line in typed(alarm["requests"]) if "record" in line]
    by_end = {one.get("errorType", one["status"]): one["requestId"] for one in requests}
    for end in ("Runtime.OutOfMemory", "timeout"):
        lines = typed(alarm["lines"].replace("REQUEST_ID", by_end[end]))
        assert lines[0]["type"] == "platform.start"
        assert lines[-1]["type"] == "platform.report"
        said = [line for line in lines if "message" in line]
        if end == "timeout":
            # What it was at, and whose it was.
            assert (said[-1]["message"], said[-1]["request_id"]) == (TOOL_BEGINS, "too-long")
