"""Every runbook leads from a mail to log lines in one order, and names nothing that there is not.

Its links and commands are tried with those of all pages: ``tests/docs/test_links.py``,
``tests/e2e/test_documented_commands.py``.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest

from cli.behind_alarms import BEHIND
from devtools.cloudwatch.filter_pattern import compile_pattern, selectors_in
from devtools.contract.catalogue import load_catalogue
from devtools.contract.logged import access_log_fields, logged_in
from devtools.contract.templates import read_contract
from stacks.names import NOTICES, PAGES, access_log_group_name
from stacks.parts.queries import SAVED
from stacks.settings.api import ApiSettings
from tests.deployed_agents import AGENTS
from tests.docs.pages import commands
from tests.infra.assembly import Assembly
from tests.infra.conftest import ROOT, Synthesize
from tradewind.contracts.agent_manifest import LONGEST_SILENCE_H
from tradewind.contracts.errors import TradewindError
from tradewind.telemetry.metric_names import METRICS

FOLDER: Final = ROOT / "docs" / "runbooks"
RUNBOOKS: Final = {page.stem: page for page in sorted(FOLDER.glob("*.md"))}
each_runbook = pytest.mark.parametrize("symptom", RUNBOOKS)

_FENCED: Final = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`]+)`")
_QUOTED: Final = re.compile(r'"([^"]+)"')
#: What AWS calls things that a person meets there.
_AWS: Final = frozenset(
    {
        *("AccessDenied", "lambda:InvokeFunction", "global.", "live", "xray_trace_id"),
        *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"),
        *("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"),
        *("Runtime.ImportModuleError", "ErrorCode", "ErrorMessage"),
    }
)
#: Of the API's callers, of programs on whoever's machine, and within settings that are mappings.
_OTHERS: Final = frozenset(
    {
        *("Idempotency-Key", "Prefer: respond-async"),
        *("-X importtime", "base64 --decode | gunzip", "agent.toml"),
        *("runtimes.NAME.arn", "qualifier", "oidc.issuer"),
    }
)


@pytest.fixture(scope="module")
def boards(everything: Assembly) -> dict[str, list[dict[str, Any]]]:
    """The widgets' properties of each dashboard by its name, with ENV for the environment's."""
    environment = everything.settings.environment
    found = everything.all(everything.observability, "AWS::CloudWatch::Dashboard")
    return {
        board["Properties"]["DashboardName"].replace(f"-{environment}-", "-ENV-"): [
            widget["properties"] for widget in json.loads(body)["widgets"]
        ]
        for board in found
        if (body := board["Properties"]["DashboardBody"])
    }


@pytest.fixture(scope="module")
def drawn(boards: dict[str, list[dict[str, Any]]]) -> frozenset[str]:
    """Titles of widgets, and what their lines are called."""
    texts = set[str]()
    for widget in (one for widgets in boards.values() for one in widgets):
        texts.add(widget.get("title", ""))
        texts |= {row[-1].get("label", "") for row in widget.get("metrics", [])}
        texts |= set(re.findall(r" as (\w+)", widget.get("query", "")))
    return frozenset(texts)


@pytest.fixture(scope="module")
def named(everything: Assembly) -> frozenset[str]:
    """Whatever a runbook may call by its name: in code, so to the letter."""
    environment = everything.settings.environment
    text = "".join(file.read_text() for file in everything.folder.glob("*.template.json"))
    physical = {
        name.replace(f"tradewind-{environment}-", "tradewind-ENV-")
        for name in re.findall(rf"tradewind-{environment}-[\w-]+", text)
    }
    physical |= {
        name.replace(agent, "AGENT") for name in physical for agent in AGENTS if agent in name
    }
    contract = read_contract(everything.folder)
    return frozenset(
        {
            *physical,
            *settings(),
            *(metric for metric in METRICS),
            *(name for service in load_catalogue().values() for name in service.metrics),
            *logged_in([]).fields,
            *(field.rpartition(".")[2] for field in logged_in([]).fields),
            *(line["record"].get("errorType") for line in map(json.loads, logged_in([]).lines)),
            *access_log_fields(contract, access_log_group_name(environment)),
            *said_in_logs(),
            *(error.code for error in every_error()),
            *(error.__name__ for error in every_error()),
            *BEHIND,
            *(one.function for one in BEHIND.values() if one.function),
        }
    )


def settings() -> Iterator[str]:
    """Settings of an environment and of an agent, by their whole names and by their last parts."""
    for page in ("settings.md", "agents.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for name in re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE):
            yield name
            yield name.rpartition(".")[2]
            yield f"agents.NAME.{name.rpartition('.')[2]}"


def every_error() -> Iterator[type[TradewindError]]:
    left = [TradewindError]
    while left:
        yield (error := left.pop())
        left += error.__subclasses__()


@cache
def runtime() -> tuple[ast.Module, ...]:
    """The source of what is deployed."""
    files = (ROOT / "lambda_src" / "tradewind").rglob("*.py")
    return tuple(ast.parse(file.read_text()) for file in files if "tests" not in file.parts)


@cache
def said_in_logs() -> frozenset[str]:
    """Fields that the handlers put in their lines, and values of them."""
    found = set[str]()
    for tree in runtime():
        nodes = list(ast.walk(tree))
        words = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif id(node) in words:
                continue  # a docstring
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def prose(symptom: str) -> str:
    return _FENCED.sub("", RUNBOOKS[symptom].read_text(encoding="utf-8"))


def points(symptom: str) -> list[str]:
    """What to look at first, each point in a line."""
    looks = prose(symptom).partition("## Look first at\n")[2].partition("\n## ")[0]
    return [" ".join(point.split()) for point in re.split(r"^\d\. ", looks, flags=re.MULTILINE)[1:]]


@each_runbook
def test_a_runbook_leads_from_the_alarm_to_the_requests_to_their_lines(
    symptom: str, boards: dict[str, list[dict[str, Any]]]
) -> None:
    alarm, requests, lines = points(symptom)
    assert alarm.startswith("**The red alarms**: `./tradewind alarms now --env ENV`, or ")
    graph = re.match(r'.*?, or "([^"]+)" on `([\w-]+)`', alarm)
    assert graph
    [drawn] = [one for one in boards[graph[2]] if one.get("title") == graph[1]]
    # Of a composite alarm the list of what is behind it, with itself.
    assert graph[1] == f"Alarm: {symptom}" or "alarms" in drawn
    assert symptom in json.dumps(drawn)

    span = re.search(r"--since (\w+)", requests)
    assert span
    asked, followed = BEHIND[symptom].commands(symptom, "AGENT", span[1], "ENV")
    assert requests.startswith(f"**The requests**: `{asked}`")
    if table := re.search(r'or "([^"]+)" on the same dashboard', requests):
        assert [one for one in boards[graph[2]] if one.get("title") == table[1]]
    assert lines.startswith(f"**Their lines**: `{followed}`")


@each_runbook
def test_what_a_runbook_names_is_there(symptom: str, named: frozenset[str]) -> None:
    typed = {command.text for command in commands(RUNBOOKS[symptom])}
    unknown = [
        name
        for code in _CODE.findall(prose(symptom))
        if (name := " ".join(code.split())) not in typed and not is_known(name, named)
    ]
    assert not unknown


def is_known(name: str, named: frozenset[str]) -> bool:
    if name in _AWS | _OTHERS:
        return True
    if name.endswith("_..."):
        return any(error.code.startswith(name.removesuffix("...")) for error in every_error())
    # With a value, as it stands in a file of settings.
    return re.sub(r": \w+$", "", name) in named


@each_runbook
def test_what_a_runbook_quotes_is_drawn_saved_or_said(symptom: str, drawn: frozenset[str]) -> None:
    quoted = [" ".join(text.split()) for text in _QUOTED.findall(_CODE.sub("", prose(symptom)))]
    said = said_in_logs()
    unknown = [
        text
        for text in quoted
        if text not in drawn and text not in SAVED and not any(text in one for one in said)
    ]
    assert not unknown


def test_what_is_wrong_on_a_page_is_found(named: frozenset[str], drawn: frozenset[str]) -> None:
    for wrong in (
        "alarms.eror_percent",
        "MODEL_GONE",
        "FAULT_...",
        "tradewind-ENV-model",
        "Runtmes",
    ):
        assert not is_known(wrong, named), wrong
    for former in ("Failed, by Lambda", "Time of a model call", "Quota in use"):
        assert former not in drawn


def test_there_are_lines_behind_every_alarm(named: frozenset[str]) -> None:
    assert set(BEHIND) == set(RUNBOOKS)
    functions = {one.function for one in BEHIND.values()} - {None}
    assert {f"tradewind-ENV-{function}" for function in functions} <= named
    for behind in BEHIND.values():
        compile_pattern(behind.pattern)
    asked = {
        selector.removeprefix("$.")
        for behind in BEHIND.values()
        for selector in selectors_in(behind.pattern)
    }
    known = {*METRICS, *logged_in([]).fields, *said_in_logs()}
    assert asked <= known


@pytest.fixture(scope="module")
def looked_at_h(everything: Assembly, synthesize: Synthesize) -> dict[str, float]:
    """How many hours each symptom's alarms look at, at most."""
    settings = everything.settings
    patient = settings.functions.model_copy(update={"expect_traffic_within_h": LONGEST_SILENCE_H})
    app = synthesize(settings.model_copy(update={"functions": patient}))
    templates = [json.loads(file.read_text()) for file in app.folder.glob("*.template.json")]
    resources = {key: one for template in templates for key, one in template["Resources"].items()}
    alarms = {
        key: one["Properties"]
        for key, one in resources.items()
        if one["Type"] in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
    }
    hours: dict[str, float] = {}
    for alarm in alarms.values():
        rule = json.dumps(alarm.get("AlarmRule"))
        # Who is silent has no failed requests, and who fails for days has a list of their own.
        behind = [
            part
            for key, part in alarms.items()
            if key in rule and not symptom_of(part).endswith(("no-traffic", "-by-hour"))
        ]
        symptom = symptom_of(alarm)
        longest = max(map(alarm_h, behind or [alarm]))
        hours[symptom] = max(hours.get(symptom, 0), longest)
    return hours


def symptom_of(alarm: dict[str, Any]) -> str:
    found = re.search(r"/([a-z-]+)\.md$", alarm["AlarmDescription"])
    assert found
    return found[1]


def alarm_h(alarm: dict[str, Any]) -> float:
    metrics = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    period_s = max(one["Period"] for one in metrics or [alarm])
    hours: float = alarm["EvaluationPeriods"] * period_s / 3600
    return hours


@each_runbook
def test_the_commands_look_back_as_far_as_the_alarm(
    symptom: str, looked_at_h: dict[str, float]
) -> None:
    # It goes off some time after the last of what it looked at.
    assert BEHIND[symptom].looks_back_h > looked_at_h[symptom]
    [number, unit] = re.findall(r"--since (\d+)([hw])", points(symptom)[1])[0]
    assert int(number) * {"h": 1, "w": 168}[unit] >= looked_at_h[symptom]


def test_a_request_that_was_not_started_was_made_long_before() -> None:
    # A count of an hour, and as long as a setting lets Lambda keep a request.
    longest = next(
        one.le for one in ApiSettings.model_fields["queue_life_s"].metadata if hasattr(one, "le")
    )
    assert BEHIND["requests-not-started"].looks_back_h > 1 + longest / 3600


def test_whom_an_alarm_tells_is_in_the_names_of_its_topics(everything: Assembly) -> None:
    topics = [
        logical_id
        for logical_id, resource in everything.observability["Resources"].items()
        if resource["Type"] == "AWS::SNS::Topic"
    ]
    # CloudFormation puts the logical id after the stack's name.
    assert sorted(topic[: len(NOTICES)] for topic in topics) == [NOTICES, f"{PAGES}To"]
