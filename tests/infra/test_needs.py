"""What a deployment asks an account for, read from what was really synthesized."""

from cli.deployment.needs import read_needs
from stacks.settings.environment import Settings
from stacks.settings.function import FunctionSettings
from tests.deployed_agents import AGENTS, FIRST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize


def test_every_function_role_and_package_counts(dev: Assembly) -> None:
    needs = read_needs(dev.folder)
    assert needs.bootstrap_parameter == "/cdk-bootstrap/hnb659fds/version"
    assert needs.bootstrap_version >= 6
    functions = {f"tradewind-dev-{name}" for name in (*AGENTS, "sweep", "api", "mcp")}
    assert functions <= needs.memory_mb.keys()
    assert needs.memory_mb[f"tradewind-dev-{FIRST}"] == AGENTS[FIRST].function.memory_mb
    templates = {file.name: file.read_text() for file in sorted(dev.folder.glob("*.template.json"))}
    assert sum(needs.roles.values()) == sum(
        text.count('"Type": "AWS::IAM::Role"') for text in templates.values()
    )
    assert needs.roles["Tradewind-dev-Agents"] > 0
    [package] = dev.folder.glob("asset.*.zip")
    assert needs.package_bytes == package.stat().st_size * len(needs.memory_mb)


def test_what_is_reserved_is_what_the_settings_say(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    some = {FIRST: FunctionSettings(reserved_concurrency=7)}
    settings = dev_settings.model_copy(update={"agents": some})
    made = synthesize(settings)
    expected = {
        f"tradewind-dev-{name}": share for name, share in settings.reservations(AGENTS).items()
    }
    assert expected[f"tradewind-dev-{FIRST}"] == 7
    assert read_needs(made.folder).reserved == expected
