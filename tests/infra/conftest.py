"""Templates, synthesized once per session, from the real settings and no real bundle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from aws_cdk import App

import app as cdk_app  # first: it chooses jsii's Node and finds the runtime package
from stacks.bundling.archive import Archive
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.settings.api import OidcSettings
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.environment import RequestLogSettings, Settings
from stacks.settings.file import load_settings
from stacks.settings.runtime import RuntimeSettings
from stacks.settings.workflow import WorkflowSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tradewind.contracts.agent_manifest import AgentManifest

ROOT = Path(__file__).parents[2]


class Synthesize(Protocol):
    """Synthesizes an app; of this checkout's agents and of one bundle for all if none is given."""

    def __call__(
        self,
        settings: Settings,
        bundles: FixedBundle | None = None,
        agents: Mapping[str, AgentManifest] = AGENTS,
    ) -> Assembly: ...


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def context() -> dict[str, Any]:
    """The feature flags the CDK CLI hands to the app."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


@pytest.fixture(scope="session")
def one_bundle(tmp_path_factory: pytest.TempPathFactory) -> FixedBundle:
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    path.write_bytes(b"not a real bundle")
    return FixedBundle(Archive(path=path, sha256="0" * 64, packages={}))


@pytest.fixture(scope="session")
def synthesize(
    tmp_path_factory: pytest.TempPathFactory, context: dict[str, Any], one_bundle: FixedBundle
) -> Synthesize:
    def run(
        settings: Settings,
        bundles: FixedBundle | None = None,
        agents: Mapping[str, AgentManifest] = AGENTS,
    ) -> Assembly:
        folder = tmp_path_factory.mktemp("cdk.out")
        app = App(outdir=str(folder), context=context)
        cdk_app.build(app, settings, agents, bundles or one_bundle)
        app.synth()
        return Assembly(
            folder=folder,
            settings=settings,
            state=json.loads((folder / "State.template.json").read_text()),
            agents=json.loads((folder / "Agents.template.json").read_text()),
            api=json.loads((folder / "Api.template.json").read_text()),
            observability=json.loads((folder / "Observability.template.json").read_text()),
        )

    return run


@pytest.fixture(scope="session")
def dev_settings() -> Settings:
    return load_settings("dev", ROOT / "config", AGENTS)


@pytest.fixture(scope="session")
def dev(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings)


#: Runtimes on AgentCore that an environment may name.
RUNTIMES = {
    name: RuntimeSettings(
        description="It knows the company.",
        arn=f"arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/{name}-AbCdEfGhIj",
    )
    for name in ("onboarding", "provisioning")
}


@pytest.fixture(scope="session")
def with_runtimes(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings.model_copy(update={"runtimes": RUNTIMES}))


def with_every_function(settings: Settings) -> Settings:
    """These settings, and every one that makes functions."""
    return settings.model_copy(
        update={
            "oidc": OidcSettings(issuer="https://id.example.com", audience="us"),
            "runtimes": RUNTIMES,
            "workflows": WorkflowSettings(durable=("wind-farm",)),
            "deployment": DeploymentSettings(strategy="canary"),
        }
    )


@pytest.fixture(scope="session")
def every_function(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(with_every_function(dev_settings))


@pytest.fixture(scope="session")
def prod(synthesize: Synthesize) -> Assembly:
    return synthesize(load_settings("prod", ROOT / "config", AGENTS))


@pytest.fixture(scope="session")
def everything(synthesize: Synthesize) -> Assembly:
    """Prod with everything that a setting adds to what is watched."""
    added = {
        "oidc": OidcSettings(issuer="https://issuer.example", audience="tradewind"),
        "request_log": RequestLogSettings(retention_days=30),
        "workflows": WorkflowSettings(durable=("wind-farm",)),
        "runtimes": RUNTIMES,
    }
    return synthesize(load_settings("prod", ROOT / "config", AGENTS).model_copy(update=added))
