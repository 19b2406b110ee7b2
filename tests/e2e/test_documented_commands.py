"""Every command that a page tells people to type does what it is there for.

Each one is run against the deployed app, in a copy of the project, in the order of its page; or it
needs an account, and the page says so above it; or another test or workflow runs it, which
``COVERED`` names. ``make`` targets have to exist. A command that is none of these fails.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import click
import pytest

from cli.__main__ import tradewind
from cli.cdk import LOCAL_ASSEMBLY, LOCAL_ENV
from stacks.names import Output
from tests.deployed_agents import AGENTS
from tests.docs.aws_cli import read_aws_command
from tests.docs.pages import PROJECT, Command, commands, pages
from tests.e2e.conftest import RUNTIMES, Deployment, client
from tests.e2e.copies import copy_assembly, copy_project
from tests.e2e.front_door import operator_of, ping

#: Commands that are run elsewhere: where, and the words there that say so.
COVERED: Final = {
    "pip install -r requirements.txt": (
        ".github/workflows/pull-request.yml",
        "pip install -r requirements.txt",
    ),
    "npx cdk synth": (".github/workflows/pull-request.yml", "npx cdk synth"),
    "npm ci": ("Makefile", "npm ci"),
    "./tradewind demo": ("tests/e2e/test_interrupt.py", '"demo"'),
    "./tradewind up": ("tests/e2e/conftest.py", "cloud.up()"),
    "./tradewind down": ("tests/e2e/conftest.py", "cloud.down()"),
    # A new agent is deployed by the test of its whole life.
    "./tradewind invoke grid --request lambda_src/agents/grid/request.json": (
        "tests/e2e/test_new_agent.py",
        '"invoke", agent, "--request"',
    ),
    # It needs a request that was made; these are real ones, in a real table.
    "./tradewind answer terrain REQUEST_ID": (
        "tests/integration/records/test_commands.py",
        'run("answer", "terrain", "r-1")',
    ),
    # It needs no deployment.
    "python -m siting.tests.landscapes coast --out out/coast": (
        "lambda_src/siting/tests/unit/test_landscapes.py",
        'by_command("coast"',
    ),
    # Its file is the page's example.
    "./tradewind alarms backtest terrain-errors --file history.csv": (
        "tests/infra/test_alarm_backtest.py",
        'if "--file history.csv" in c.text',
    ),
    # It needs data of days before.
    "./tradewind alarms backtest terrain-latency --since 1w --until 1d --threshold 300000": (
        "tests/unit/cli/test_alarm_backtest.py",
        '"--since", "1w", "--until", "1d", "--threshold"',
    ),
    # It builds the bundles of another architecture, for minutes.
    "./tradewind bundles": ("tests/infra/test_bundles_command.py", '"bundles"'),
    "./tradewind bundles dev": ("tests/infra/test_bundles_command.py", '"bundles"'),
    # They need a version before, which what was deployed once has not.
    "./tradewind rollback AGENT": (
        "tests/unit/cli/test_versions.py",
        'runs("rollback", "terrain")',
    ),
    "./tradewind rollback AGENT --to N": (
        "tests/unit/cli/test_versions.py",
        'runs("rollback", "terrain", "--to", "7")',
    ),
    "./tradewind rollback terrain --to 1": (
        "tests/unit/cli/test_versions.py",
        'runs("rollback", "terrain", "--to", "7")',
    ),
    "./tradewind rollback": ("tests/unit/cli/test_versions.py", 'runs("rollback")'),
    "./tradewind rollback AGENT --env ENV": (
        "tests/unit/cli/test_versions.py",
        'runs("rollback", "terrain")',
    ),
    "./tradewind rollback api --env ENV": (
        "tests/unit/cli/test_versions.py",
        'runs("rollback", "terrain")',
    ),
    # They need a run that was cut short, or waits.
    "./tradewind run --resume SESSION_ID": (
        "tests/integration/workflows/test_command.py",
        '"--resume", session.name',
    ),
    "./tradewind run --resume SESSION_ID --hitl-response approved": (
        "tests/unit/cli/workflow/test_run.py",
        '"--resume", session.name, "--hitl-response"',
    ),
    "./tradewind run flow.yaml --auto-resume": (
        "tests/unit/cli/workflow/test_run.py",
        'first, "--auto-resume"',
    ),
    # They need a run that is done, or waits.
    "./tradewind durable show farm-1 --out results": (
        "tests/e2e/test_workflows.py",
        '"durable", "show", run_id, "--out"',
    ),
    "./tradewind durable show RUN": (
        "tests/unit/cli/workflow/test_durable.py",
        'run(client, "show", "run-1")',
    ),
    "./tradewind durable answer RUN approved": (
        "tests/unit/cli/workflow/test_durable.py",
        'run(client, "answer", "run-1", "yes")',
    ),
    "./tradewind durable stop RUN": (
        "tests/unit/cli/workflow/test_durable.py",
        'run(client, "stop", "run-1")',
    ),
    # It needs the record of all end-to-end tests.
    "./tradewind iam coverage": ("tests/e2e/test_permissions.py", '"iam", "coverage", "--record"'),
    "./tradewind iam coverage --record .build/calls.jsonl": (
        "tests/e2e/test_permissions.py",
        '"iam", "coverage", "--record"',
    ),
    # It runs all stories once more, of which another page's command has printed what came.
    "tradewind alarms stories --page": (
        "tests/infra/test_alarm_stories.py",
        '"alarms", "stories", "--page"',
    ),
    "rm -r lambda_src/siting": (
        "tests/infra/test_without_the_crew.py",
        'rmtree(copy / "lambda_src" / package',
    ),
    "python -m devtools.runtime_conformance.releases .tools/bin/uv 3.0.0": (
        "Makefile",
        "python -m devtools.runtime_conformance.releases",
    ),
    "python -m devtools.runtime_conformance --runtime .build/lambda-runtimes/3.0.0 "
    "--runtime .build/lambda-runtime": (
        "tests/integration/streaming/test_conformance.py",
        'runtime_folders("3.0.0")',
    ),
    "python -m tests.hours .build/hours": (
        "tests/infra/test_told_hours.py",
        "main(tmp_path, dev.folder",
    ),
    # Debian's package, which CI installs.
    "apt-get install chromium": (".ci/run", "apt-get install"),
}
#: A page's placeholders, and what stands for them here.
_PLACEHOLDERS: Final = {
    "ENV": LOCAL_ENV,
    "AGENT": next(iter(AGENTS)),
    "N": "1",
    "REQUEST_ID": "r-1",
    "SYMPTOM": "errors",
}
#: What every runbook tells to type, each of its own alarm and function: once is enough.
_OF_AN_ALARM: Final = re.compile(r"(?<=^\./tradewind logs )\S+|(?<=--alarm )\S+|(?<=--since )\S+")
#: What computes for a minute, and reads the templates only, which each page's copy has alike: once
#: is enough.
_OF_THE_TEMPLATES: Final = re.compile(r"(?:\./)?tradewind (alarms (?:coverage|stories|test))$")
_LIMIT_S: Final = 300
_URL: Final = re.compile(r"http://127\.0\.0\.1:\d+\S*")

ALL: Final = [command for page in pages() for command in commands(page)]


def program(command: Command) -> str:
    return command.words[0].removeprefix("./")


def covered(command: Command) -> bool:
    return command.text in COVERED or f"./{command.text}" in COVERED


def of_program(name: str) -> list[Command]:
    return [command for command in ALL if program(command) == name and not covered(command)]


def to_run(name: str) -> list[Command]:
    """What is to be run, of what does the same the first one."""
    alike: dict[str, Command] = {}
    for command in of_program(name):
        if not command.needs_account:
            alike.setdefault(_same(command), command)
    return list(alike.values())


def _same(command: Command) -> str:
    """What commands have in common that do the same."""
    if "/runbooks/" in command.page:
        return _OF_AN_ALARM.sub("X", command.text)
    of_templates = _OF_THE_TEMPLATES.match(command.text)
    return of_templates[1] if of_templates else str(command)


def filled(command: Command, given: Mapping[str, str] = _PLACEHOLDERS) -> list[str]:
    """The words of a command, with something in the place of its placeholders."""
    return [
        re.sub(r"(?<![A-Z_])[A-Z_]+(?![A-Z_])", lambda found: given.get(found[0], found[0]), word)
        for word in command.words
    ]


@pytest.fixture(scope="module")
def projects(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Path]]:
    """For each page a copy of the project, which shares its environments and the deployed app."""
    base = tmp_path_factory.mktemp("projects")

    @cache
    def project(page: str) -> Path:
        folder = base / page.replace("/", "-")
        copy_project(folder, (".venv", ".venv-mcp-proxy", "node_modules"))
        for assembly in ("cdk.out", LOCAL_ASSEMBLY.relative_to(PROJECT)):
            copy_assembly(LOCAL_ASSEMBLY, folder / assembly)
        return folder

    # As people use it: the contract is of what cold and warm requests emit.
    for agent in AGENTS:
        assert deployment.ask(agent).answer["success"]
    caller = operator_of(deployment)
    assert caller.call("GET", "/agents").status == 200
    for _ in ("cold", "warm"):
        assert ping(caller) == 200
    for runtime in (*RUNTIMES, *RUNTIMES):
        assert caller.ask_runtime(runtime, "Who are you?")["state"] == "succeeded"
    yield project
    shutil.rmtree(base)


@pytest.mark.parametrize("command", ALL, ids=str)
def test_every_command_is_accounted_for(command: Command) -> None:
    known = {"make", "tradewind", "aws"}
    assert program(command) in known or command.needs_account or covered(command), command


@pytest.mark.parametrize("text", [text for text in COVERED if any(text == c.text for c in ALL)])
def test_what_is_run_elsewhere_is_run_there(text: str) -> None:
    place, words = COVERED[text]
    assert words in (PROJECT / place).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", of_program("make"), ids=str)
def test_a_make_target_exists(command: Command) -> None:
    files = [PROJECT / "Makefile", *PROJECT.glob("lambda_src/*/bench/targets.mk")]
    rules = "".join(file.read_text(encoding="utf-8") for file in files)
    targets = re.findall(r"^([a-z-]+):.*## ", rules, re.MULTILINE)
    asked = [word for word in command.words[1:] if "=" not in word]
    assert asked
    assert set(asked) <= set(targets)


#: Commands that are wrong usage by themselves, and whose arguments are optional each.
_NEEDS_MORE: Final = ("call", "run")


@pytest.mark.parametrize("command", of_program("tradewind"), ids=str)
def test_a_tradewind_command_is_one_that_the_command_understands(
    command: Command, projects: Callable[[str], Path]
) -> None:
    understood(command, projects(command.page))


def understood(command: Command, folder: Path) -> bool:
    """Whether the command is whole in a folder; in a sentence it may also be a command's name.

    Raises:
        click.UsageError: There is no such command or option.
    """
    group: click.Command = tradewind
    words = filled(command)[1:]
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(click.Context(group), words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        group, words = found, words[1:]
    if not words and not command.fenced:
        if isinstance(group, click.Group) or group.name in _NEEDS_MORE:
            return False
        return not any(
            isinstance(parameter, click.Argument) and parameter.required
            for parameter in group.params
        )
    if words != ["--help"]:
        with contextlib.chdir(folder):
            group.make_context(command.text, words)
    return True


@pytest.mark.parametrize("command", to_run("tradewind"), ids=str)
def test_a_tradewind_command_works(
    command: Command, projects: Callable[[str], Path], deployment: Deployment
) -> None:
    sandbox = projects(command.page)
    if not understood(command, sandbox):
        pytest.skip("it names a command and asks nobody to type it")
    words = [str(sandbox / "tradewind"), *filled(command)[1:]]
    environment = {
        "PATH": os.environ["PATH"],
        "TRADEWIND_HOME": str(deployment.home),
        # What runs of workflows keep is not for the home of who tests.
        "XDG_DATA_HOME": str(deployment.home / "data"),
    }
    if command.words[1:] == ["dashboard"]:
        serves_until_it_is_interrupted(words, sandbox, environment)
        return
    done = subprocess.run(
        words,
        cwd=sandbox,
        env=environment,
        # To a command that asks whether to go on.
        input="y\n",
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def serves_until_it_is_interrupted(
    words: list[str], folder: Path, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout is not None
        address = _URL.search(serving.stdout.readline())
        assert address
        with urllib.request.urlopen(address[0], timeout=_LIMIT_S) as answer:  # noqa: S310
            assert answer.status == 200
        serving.send_signal(signal.SIGINT)
        serving.wait(_LIMIT_S)


@pytest.mark.parametrize("command", of_program("aws"), ids=str)
def test_an_aws_command_is_one_that_the_aws_cli_understands(command: Command) -> None:
    read_aws_command(command.words, PROJECT)


@pytest.mark.parametrize("command", to_run("aws"), ids=str)
def test_an_aws_command_works(command: Command, deployment: Deployment, tmp_path: Path) -> None:
    queue = deployment.queue_url(_PLACEHOLDERS["AGENT"])
    table = deployment.outputs[Output.RECORDS_TABLE]
    # Of any runtime that this app has deployed.
    arns = [value for name, value in deployment.outputs.items() if name.endswith("RuntimeArn")]
    runtime = {"RUNTIME_ID": arns[0].rpartition("/")[2], "ENDPOINT": "live"} if arns else {}
    given = {**_PLACEHOLDERS, **runtime, "QUEUE_URL": queue, "TABLE": table}
    call = read_aws_command(filled(command, given), PROJECT)
    answer = getattr(client(call.service), call.operation)(**call.parameters)
    assert "FunctionError" not in answer
    if call.file:
        (tmp_path / call.file).write_bytes(answer["Payload"].read())
        told = json.loads((tmp_path / call.file).read_bytes())
        # An agent's answer, or the sweep's.
        assert told.get("success") or told.get("finished"), told
