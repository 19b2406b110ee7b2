"""What is watched in synthesized templates, and by what: alarms and dashboards by short names."""

import json
from typing import Any

from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly

#: By the name's end: what wakes somebody whatever stands, what does together, what can wait.
OUTAGES = {"outage", "turned-away"}
PAGES = {"errors", "errors-by-hour", "throttles"}
NOTICES = {"latency", "killed", "memory", "cold-starts", "init-time", "dead-letters"}
PER_AGENT = OUTAGES | PAGES | NOTICES
API_OUTAGES = {"api-outage", "mcp-outage"}
API_PAGES = {
    "api-failures-by-hour",
    "mcp-failures-by-hour",
    *(f"{door}-{what}" for door in ("api", "mcp") for what in ("failures", "errors", "throttles")),
}
API_NOTICES = {"api-latency", "mcp-latency"}
PER_API = API_OUTAGES | API_PAGES | API_NOTICES
ENVIRONMENT_PAGES = {"cost", "cost-runaway"}
ENVIRONMENT_NOTICES = {
    "requests-not-started",
    "bedrock-errors",
    "bedrock-throttles",
    "retired-processes",
    "records-settled",
    "sweep-failures",
}
PER_ENVIRONMENT = ENVIRONMENT_PAGES | ENVIRONMENT_NOTICES
#: Whose silence is a fault.
EXPECTED = [name for name, one in AGENTS.items() if one.function.expect_traffic_within_h]


def alarms(assembly: Assembly, kind: str = "Alarm") -> dict[str, dict[str, Any]]:
    """Alarms by name, without the environment's prefix."""
    prefix = f"tradewind-{assembly.settings.environment}-"
    found = assembly.all(assembly.observability, f"AWS::CloudWatch::{kind}")
    return {
        alarm["Properties"]["AlarmName"].removeprefix(prefix): alarm["Properties"]
        for alarm in found
    }


def dashboards(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Dashboards' bodies by name."""
    found = assembly.all(assembly.observability, "AWS::CloudWatch::Dashboard")
    return {
        board["Properties"]["DashboardName"]: json.loads(board["Properties"]["DashboardBody"])
        for board in found
    }


def by_subject(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Dashboards' bodies by what they are about, an agent's name chosen; each call gives new ones.

    What a board is about that is chosen at its top: a body for each choice.
    """
    prefix = f"tradewind-{assembly.settings.environment}-"
    found = {}
    for name, body in dashboards(assembly).items():
        [variable] = body.pop("variables", [None])
        if variable is None:
            found[name.removeprefix(prefix)] = body
        else:
            text = json.dumps(body)
            for one in variable["values"]:
                chosen = text.replace(variable["pattern"], one["value"])
                found[one["label"]] = json.loads(chosen)
    return found
