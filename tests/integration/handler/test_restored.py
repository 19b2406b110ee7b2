"""Copies of one process, as Lambda restores them from a snapshot: its hooks run as it runs them."""

import json
import os
import subprocess
import sys

COPIES = 3
#: Draws of everything that an id may come from, in each of some copies of one process.
PROGRAM = f"""
import json, os, random, secrets, sys, uuid
from awslambdaric.lambda_runtime_hooks_runner import run_after_restore, run_before_snapshot
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from tradewind.aws.clients import AwsClients
from tradewind.handlers.restored import renew_when_restored

renew_when_restored(AwsClients())
state = random.getstate()
run_before_snapshot()
for copy in range({COPIES}):
    pid = os.fork()
    if not pid:
        random.setstate(state)  # a copy has it; a fork draws another one
        run_after_restore()
        print(json.dumps({{
            "random": random.getrandbits(128),
            "span": RandomIdGenerator().generate_trace_id(),
            "uuid": uuid.uuid4().hex,
            "secret": secrets.token_hex(16),
        }}), flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


def draws(start: str) -> list[dict[str, int | str]]:
    environment = {
        **os.environ,
        "AWS_LAMBDA_INITIALIZATION_TYPE": start,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_two_copies_draw_the_same() -> None:
    drawn = draws("snap-start")
    assert len(drawn) == COPIES
    for source in drawn[0]:
        assert len({copy[source] for copy in drawn}) == COPIES, source


def test_without_the_hook_they_would() -> None:
    drawn = draws("on-demand")
    assert len({copy["span"] for copy in drawn}) == 1
    assert len({copy["uuid"] for copy in drawn}) == COPIES
