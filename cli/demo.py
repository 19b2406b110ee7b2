"""The demo: deploy, ask each of the four agents cold and warm, then plan one whole wind farm."""

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import boto3
from rich.table import Table

from cli.agents import agents, example_request
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps
from cli.dashboard import local_preview
from cli.errors import CommandError
from cli.invoke import Invocation, invoke, lambda_client, role_of
from devtools.dashboard.browser import BrowserError
from devtools.dashboard.d3 import LibraryMissing
from devtools.dashboard.document import TimeRange
from devtools.dashboard.output import Written, write
from devtools.localcloud import LocalCloud
from devtools.localcloud.bedrock import Fault, FaultKind, StandInAdmin
from devtools.localcloud.running import Running
from stacks.names import Output, agent_arn_output

#: Where in the demo's folder the chain's artifacts go.
CHAIN_FOLDER: Final = "wind-farm"
#: Where the dashboards go, as pages and pictures.
DASHBOARDS_FOLDER: Final = "dashboards"
#: The stretch of time they show, long enough for any demo.
_SHOWN: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Outcome:
    """One agent's two requests.

    Attributes:
        agent: Which agent.
        cold: The first request to its process.
        warm: The same request again.
        tcp_connections: What the model endpoint saw of this agent's role, over both.
    """

    agent: str
    cold: Invocation
    warm: Invocation
    tcp_connections: int

    def summary(self) -> dict[str, Any]:
        """What ``demo.json`` holds of this agent."""
        usage = self.cold.answer["usage"]
        return {
            "cold_ms": round(self.cold.duration_ms, 1),
            "warm_ms": round(self.warm.duration_ms, 1),
            "init_ms": self.cold.answer["performance"]["initTime"],
            "tcp_connections": self.tcp_connections,
            "tokens": usage["input_tokens"] + usage["output_tokens"],
            "artifacts": [artifact["key"] for artifact in self.cold.answer["artifacts"]],
            **self.cold.answer["facts"],
        }


def run_demo(steps: Steps, cloud: LocalCloud, out: Path, *, keep: bool) -> dict[str, Any]:
    """Run the demo and return what it wrote to ``demo.json``.

    Args:
        steps: Shows what is going on.
        cloud: The embedded AWS. It is stopped at the end unless ``up`` or ``keep`` had it kept.
        out: A folder for artifacts and ``demo.json``; what an earlier demo left is replaced.
        keep: Leave the embedded AWS running even so.

    Raises:
        CommandError: A step failed.
    """
    with ExitStack() as cleanup:
        real = _real_bedrock()
        # One that runs and that nobody asked to keep was left behind by a demo that was killed.
        if not keep and not (cloud.status() and cloud.kept):
            cleanup.callback(cloud.down)
        running, outputs = start_and_deploy(steps, cloud)
        if keep:
            cloud.keep()
        point_boto3_at(running)
        outcomes = _put_requests(steps, running, outputs)
        planned = run_chain(steps, outputs)
        refused = _bad_day(steps, running, outputs)
        bucket = outputs[Output.ARTIFACTS_BUCKET]
        with steps.step("Copy the agents' artifacts") as step:
            warm = {outcome.agent: outcome.warm for outcome in outcomes}
            copied = _copy_artifacts(bucket, warm, out)
            copied += _copy_artifacts(bucket, planned, out / CHAIN_FOLDER)
            step.result = f"{copied} files in {out.name}/"
        drawn = draw_dashboards(steps, running, out / DASHBOARDS_FOLDER)
        summary = {
            "model": "real" if real else "scripted stand-in",
            "agents": {str(outcome.agent): outcome.summary() for outcome in outcomes},
            "wind_farm": {
                str(agent): {
                    "ms": round(invocation.duration_ms, 1),
                    "project_id": invocation.answer["project_id"],
                    "artifacts": [artifact["key"] for artifact in invocation.answer["artifacts"]],
                    **invocation.answer["facts"],
                }
                for agent, invocation in planned.items()
            },
            "bad_day": {str(agent): code for agent, code in refused.items()},
            "dashboards": {
                written.name: {
                    widget_state: sum(widget.state == widget_state for widget in written.widgets)
                    for widget_state in sorted({widget.state for widget in written.widgets})
                }
                for written in drawn
            },
        }
        (out / "demo.json").write_text(json.dumps(summary, indent=2) + "\n")
    _print_table(steps, outcomes)
    _print_wind_farm(steps, planned, out)
    _print_dashboards(steps, drawn)
    return summary


def _bad_day(steps: Steps, running: Running, outputs: dict[str, str]) -> dict[str, str]:
    """Let Bedrock refuse one call to each agent, and see each failure come back typed.

    Returns:
        The error code each agent answered.

    Raises:
        CommandError: An agent took a refusal for a success.
    """
    admin, client = StandInAdmin(running.bedrock_admin_url), lambda_client()
    codes: dict[str, str] = {}
    with steps.step("A bad day: Bedrock refuses a call to each") as step:
        for agent in agents():
            function_arn = outputs[agent_arn_output(agent)]
            role = role_of(client, function_arn)
            admin.inject(Fault(FaultKind.VALIDATION, role=role.rpartition("/")[2]))
            answer = invoke(client, function_arn, example_request(agent, None)).answer
            if answer["success"]:
                raise CommandError(f"The {agent} agent took a refused model call for a success.")
            codes[agent] = answer["error"]["code"]
        step.result = ", ".join(sorted(set(codes.values())))
    return codes


def draw_dashboards(steps: Steps, running: Running, folder: Path) -> list[Written]:
    """Write the dashboards, filled from the embedded AWS, as pages and, with a browser, pictures.

    Raises:
        CommandError: A widget cannot work, a page's console reports an error, or the pages' chart
            library is not installed.
    """
    with steps.step("Draw the dashboards") as step:
        preview = local_preview(running)
        shown = TimeRange.back(_SHOWN, preview.clock())
        try:
            drawn = write(folder, preview, time_range=shown)
            step.result = f"{sum(len(written.widgets) for written in drawn)} widgets"
        except BrowserError:
            drawn = write(folder, preview, time_range=shown, pictures=False)
            step.result = "pages only: no Chromium here to take pictures with"
        except LibraryMissing as error:
            raise CommandError(str(error)) from error
        wrong = [
            f"{written.name}: {what}"
            for written in drawn
            for what in (*(widget.title for widget in written.broken), *written.problems)
        ]
        if wrong:
            raise CommandError("These dashboards have something wrong: " + "; ".join(wrong))
    return drawn


def _print_dashboards(steps: Steps, drawn: list[Written]) -> None:
    for written in drawn:
        steps.console.print(f"Dashboard: {written.html}")


def _real_bedrock() -> bool:
    return os.environ.get("TRADEWIND_REAL_BEDROCK") == "1"


def _put_requests(steps: Steps, running: Running, outputs: dict[str, str]) -> list[Outcome]:
    """Send each agent its example request twice; each agent works on what the ones before left."""
    client = lambda_client()
    admin = StandInAdmin(running.bedrock_admin_url)
    outcomes: list[Outcome] = []
    project_id: str | None = None
    for agent in agents():
        event = example_request(agent, project_id)
        function_arn = outputs[agent_arn_output(agent)]
        role = role_of(client, function_arn)
        before = connections(admin, role)
        answers = []
        for temperature in ("cold", "warm"):
            with steps.step(f"Ask the {agent} agent, {temperature}") as step:
                invocation = invoke(client, function_arn, event)
                _require_success(agent, invocation)
                step.result = _headline(invocation.answer)
            answers.append(invocation)
            project_id = invocation.answer["project_id"]
            event["project_id"] = project_id
        opened = connections(admin, role) - before
        outcomes.append(Outcome(agent, answers[0], answers[1], opened))
    return outcomes


def run_chain(steps: Steps, outputs: dict[str, str]) -> dict[str, Invocation]:
    """Plan one wind farm, from the coordinates of a place to its report.

    The first agent makes the project; each other one works on what those before it left there.

    Raises:
        CommandError: An agent's request failed.
    """
    client = lambda_client()
    done: dict[str, Invocation] = {}
    project_id: str | None = None
    for agent in agents():
        with steps.step(f"Plan a wind farm: {agent}") as step:
            event = example_request(agent, project_id)
            invocation = invoke(client, outputs[agent_arn_output(agent)], event)
            _require_success(agent, invocation)
            step.result = _headline(invocation.answer)
        done[agent] = invocation
        project_id = invocation.answer["project_id"]
    return done


def connections(admin: StandInAdmin, role: str) -> int:
    """TCP connections that the model endpoint has seen requests of this role on."""
    traffic = admin.stats().roles.get(role)
    return traffic.connections if traffic else 0


def _require_success(agent: str, invocation: Invocation) -> None:
    answer = invocation.answer
    if not answer["success"]:
        error = answer["error"]
        raise CommandError(f"The {agent} agent answered {error['code']}: {error['message']}")


def _headline(answer: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in list(answer["facts"].items())[:3])


def _copy_artifacts(bucket: str, answers: dict[str, Invocation], out: Path) -> int:
    """Copy what the agents made to ``out/{agent}/`` and return how many files that were."""
    s3 = boto3.client("s3")
    copied = 0
    for agent, invocation in answers.items():
        folder = out / agent
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for artifact in invocation.answer["artifacts"]:
            body = s3.get_object(Bucket=bucket, Key=artifact["key"])["Body"].read()
            (folder / Path(artifact["key"]).name).write_bytes(body)
            copied += 1
    return copied


def _print_table(steps: Steps, outcomes: list[Outcome]) -> None:
    table = Table(
        title="Four agents, each asked twice; TCP: connections to the model", title_justify="left"
    )
    table.add_column("agent")
    for column in ("cold ms", "of it init", "warm ms", "TCP", "tokens", "artifacts"):
        table.add_column(column, justify="right")
    for outcome in outcomes:
        summary = outcome.summary()
        table.add_row(
            str(outcome.agent),
            f"{summary['cold_ms']:.0f}",
            f"{summary['init_ms']:.0f}",
            f"{summary['warm_ms']:.0f}",
            str(summary["tcp_connections"]),
            str(summary["tokens"]),
            str(len(summary["artifacts"])),
        )
    steps.print_table(table)


def _print_wind_farm(steps: Steps, planned: dict[str, Invocation], out: Path) -> None:
    """Say what the planned wind farm yields, and where to look at it."""
    facts = {
        name: value
        for invocation in planned.values()
        for name, value in invocation.answer["facts"].items()
    }
    steps.console.print(
        f"The wind farm: {facts['turbines_placed']} turbines on {facts['buildable_km2']} km2 of "
        f"buildable land, {facts['aep_gwh']:.2f} GWh per year, {facts['wake_loss_percent']:.1f} % "
        "lost to wakes"
    )
    folder = out / CHAIN_FOLDER
    for title, pattern in (
        ("Map", "terrain/*.html"),
        ("Map", "terrain/*.png"),
        ("Chart", "simulation/*.png"),
        ("Report", "report/*"),
    ):
        for file in sorted(folder.glob(pattern)):
            steps.console.print(f"{title:>7}: {file}", soft_wrap=True)
    steps.console.print(f"All figures: {out / 'demo.json'}", soft_wrap=True)
