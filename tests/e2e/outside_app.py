"""The CDK app with one agent and a door for every kind of caller from elsewhere.

``-c issuer=URL`` names whose tokens it takes.
"""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from aws_cdk import App  # noqa: E402

import app as tradewind  # noqa: E402  needs the path, and prepares what the imports below need
from stacks.bundling.bundler import Bundler  # noqa: E402
from stacks.settings.environment import Settings  # noqa: E402
from stacks.settings.file import load_settings  # noqa: E402
from tradewind.contracts.agent_manifest import find_agents  # noqa: E402

ENVIRONMENT: Final = "outside"
AGENT: Final = "assistant"
AUDIENCE: Final = "the-door"
CALLER: Final = "backend"
ROUTES: Final = (f"POST /agents/{AGENT}/invocations", "GET /invocations/*")
#: Who holds an API key, and how often each may ask in a day.
HOLDERS: Final = (CALLER, "people", "visitor")
QUOTA: Final = 25


def main() -> None:
    """Synthesize it."""
    app = App()
    agents = find_agents(ROOT / "lambda_src" / "agents")
    local = load_settings("local", ROOT / "config", agents)
    doors = {
        "oidc": {"issuer": app.node.get_context("issuer"), "audience": AUDIENCE},
        "external_callers": {CALLER: {"kind": "user", "routes": ROUTES}},
        # Their agents are asked through one that is not here.
        "workflows": {"durable": ()},
        "api": {
            **local.api.model_dump(),
            "usage_plan": {
                "keys": HOLDERS,
                "requests_per_day": QUOTA,
                "requests_per_second": 1000,
                "burst": 1000,
            },
        },
    }
    settings = Settings.model_validate({**local.model_dump(), "environment": ENVIRONMENT, **doors})
    tradewind.build(app, settings, {AGENT: agents[AGENT]}, Bundler(ROOT))
    app.synth()


if __name__ == "__main__":
    main()
