"""Telling what happens to the synthesized app, and which notifications go out."""

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from cli import cdk
from cli.alarms import SYNTHESIZED, WrongInput, alarms_of, shown
from cli.console import results
from devtools.cloudwatch.alarms import AlarmError
from devtools.cloudwatch.notation import format_time
from devtools.cloudwatch.yaml_document import TestFileError
from devtools.stories.decisions import Decisions
from devtools.stories.happenings import Call, CallEnd, Request, RequestEnd
from devtools.stories.page import render
from devtools.stories.storyfile import read_stories
from devtools.stories.telling import Told, is_about, tell
from devtools.stories.template import Deployed, read_deployed
from stacks import names
from tradewind.contracts.names import API, AUTHORIZER, MCP, EnvVar
from tradewind.telemetry.metric_names import Dimension, MetricName
from tradewind.telemetry.metrics import RequestMetrics

#: The stories that this repository ships.
SHIPPED: Final = cdk.PROJECT / "tests" / "stories"
#: Where they stand as tables: those of prod, which has everything that there is.
PAGE: Final = cdk.PROJECT / "docs" / "alarm-stories.md"

_HEAD: Final = """# Stories of alarms

<!-- Generated from tests/stories by `tradewind alarms stories --page`. -->

What happened to an app, and which notifications went out: told in `tests/stories`, simulated by
`tradewind alarms stories`, and held by the tests. Every story begins with a new stack. Times are
from there on; a page wakes somebody, a notice can wait for the morning.
[How to write one](alarm-tests.md#stories).

"""


class Tradewind:
    """This app as stories need it, as its templates describe it."""

    def __init__(self, deployed: Deployed) -> None:
        agents = [f.variables for f in deployed.functions.values() if EnvVar.AGENT in f.variables]
        if not agents:
            raise WrongInput("The templates have no agent: synthesize the app.")
        self.environment = agents[0][EnvVar.ENVIRONMENT]
        self._models = {v[EnvVar.AGENT]: v[EnvVar.MODEL_ID] for v in agents}

    def function_name(self, name: str) -> str:
        """What a function is called."""
        return names.function_name(self.environment, name)

    def alias_of(self, name: str) -> str:
        """What callers call."""
        return names.live_function(self.environment, name)

    def queue_name(self, agent: str) -> str:
        """What an agent's dead-letter queue is called."""
        return names.dead_letter_queue_name(self.environment, agent)

    def gateway_before(self, function: str) -> Sequence[tuple[str, str]] | None:
        """The API's and the MCP function's; who holds a token is let in at another one."""
        named = {
            API: names.api_name,
            MCP: names.api_name,
            AUTHORIZER: names.oidc_api_name,
        }.get(function)
        if named is None:
            return None
        return (("ApiName", named(self.environment)), ("Stage", names.API_STAGE))

    def printed_by_request(self, request: Request) -> Sequence[str]:
        """What alarms read of it: ``handlers.request_report`` says more."""
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: self.environment,
                Dimension.AGENT: request.agent,
                Dimension.MODEL: self._models[request.agent],
            }
        )
        metrics.add(MetricName.INVOCATIONS, 1)
        metrics.add(MetricName.ERRORS, request.ends is RequestEnd.FAILED)
        metrics.add(MetricName.REJECTED_REQUESTS, request.ends is RequestEnd.REJECTED)
        metrics.add(MetricName.DEADLINE_STOPS, request.ends is RequestEnd.DEADLINE)
        metrics.add(MetricName.PROCESSES_RETIRED, 0)
        metrics.add(MetricName.RECORDS_SETTLED, 0)
        metrics.add(MetricName.COLD_START, bool(request.cold_ms))
        if request.cold_ms:
            metrics.add(MetricName.INIT_TIME, request.cold_ms)
        metrics.add(MetricName.MODEL_CALLS, request.model_calls)
        metrics.add(MetricName.MODEL_ERRORS, request.model_errors)
        metrics.add(MetricName.MODEL_THROTTLES, request.model_throttles)
        metrics.add(MetricName.ESTIMATED_COST, request.cost_usd)
        return _flushed(metrics)

    def printed_by_call(self, call: Call) -> Sequence[str]:
        """The MCP function's messages; alarms read no other function's lines."""
        if call.function != MCP:
            return ()
        metrics = RequestMetrics({Dimension.ENVIRONMENT: self.environment})
        metrics.add(MetricName.MCP_CALLS, 1)
        metrics.add(MetricName.MCP_ERRORS, call.ends is not CallEnd.OK)
        metrics.add(MetricName.MCP_LATENCY, call.takes_ms)
        return _flushed(metrics)

    def printed_count(self, name: str, agent: str | None, amount: int) -> Sequence[str]:
        """A metric of ours, by its name."""
        dimensions = {Dimension.ENVIRONMENT: self.environment}
        if agent is not None:
            dimensions[Dimension.AGENT] = agent
        metrics = RequestMetrics(dimensions)
        metrics.add(MetricName(name), amount)
        return _flushed(metrics)


def _flushed(metrics: RequestMetrics) -> Sequence[str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        metrics.flush()
    return printed.getvalue().splitlines()


def run_stories(
    folder: Path | None, files: Sequence[Path] = (), decisions: Decisions | None = None
) -> tuple[list[Told], list[str]]:
    """Run the stories in ``files``, or all that this repository ships, on a synthesized app.

    Args:
        folder: Where it is; without it, where the synth leaves it.
        files: The stories.
        decisions: What alarms came to in stories that were told before, of any environment.

    Returns:
        What came of each, and the names of those that are about other environments.

    Raises:
        WrongInput: There is no such app, or a file is not as it must be.
    """
    alarms = alarms_of(folder)
    try:
        deployed = read_deployed(folder or SYNTHESIZED)
        app = Tradewind(deployed)
        chosen = files or sorted(SHIPPED.glob("*.yaml"))
        stories = [story for file in chosen for story in read_stories(file)]
        here = [s for s in stories if is_about(s.story, app.environment, app, deployed)]
        decisions = decisions or Decisions()
        told = [tell(story, app, deployed, alarms, decisions) for story in here]
    except (AlarmError, TestFileError) as error:
        raise WrongInput(str(error)) from None
    return told, [s.story.name for s in stories if s not in here]


def page(told: Sequence[Told]) -> str:
    """The stories as the page in the docs."""
    return _HEAD + render(told)


def summary(told: Iterable[Told], elsewhere: Sequence[str]) -> Mapping[str, Any]:
    """The stories as JSON."""
    listed = list(told)
    return {
        "passed": all(one.passed for one in listed),
        "stories": [
            {
                "file": str(one.placed.path),
                "line": one.placed.line,
                "name": one.placed.story.name,
                "passed": one.passed,
                "sent": [
                    {
                        "at_s": sent.time,
                        "alarm": sent.alarm,
                        "state": sent.state,
                        "to": sent.to,
                        "because": list(sent.because),
                    }
                    for sent in one.sent
                ],
                "failures": list(one.failures),
            }
            for one in listed
        ],
        "elsewhere": list(elsewhere),
    }


def problem(told: Sequence[Told]) -> str:
    """What is wrong, in a sentence; empty when nothing is."""
    failed = sum(not one.passed for one in told)
    return f"{failed} of {len(told)} stories did not go as they say." if failed else ""


def show(told: Sequence[Told], elsewhere: Sequence[str]) -> None:
    """Print the stories, each with what was sent."""
    console = results()
    for one in told:
        mark = ("  ok    ", "green") if one.passed else ("  FAIL  ", "bold red")
        where = f"  ({shown(one.placed.path)}:{one.placed.line})"
        console.print(Text.assemble(mark, one.placed.story.name, (where, "dim")))
        for sent in one.sent:
            console.print(Text(f"        {sent}", style="dim"))
        for failure in one.failures:
            console.print(Text.assemble("        ", ("^ ", "bold red"), failure))
        if not one.sent:
            lasted = format_time(one.placed.story.lasts_s)
            console.print(Text(f"        nothing in {lasted}", style="dim"))
    passed = sum(one.passed for one in told)
    besides = f", {len(elsewhere)} are about other environments" if elsewhere else ""
    console.print(f"{passed} of {len(told)} stories went as they say{besides}.")
