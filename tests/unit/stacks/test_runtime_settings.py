"""What a configuration may say of runtimes, and the one line that refuses anything else."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.file import load_settings
from stacks.settings.runtime import RuntimeSettings, with_runtimes
from tests.runtimes import ARN
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import (
    RUNS_ELSEWHERE,
    AgentManifest,
    ManifestError,
    find_agents,
)
from tradewind.contracts.names import AGENT_NAME_LENGTH

DEV: Final = yaml.safe_load((Path(__file__).parents[3] / "config" / "dev.yaml").read_text())
GOOD: Final = {"description": "Welcomes a customer.", "arn": ARN, "most_usd": 0.1}
FIRST: Final = next(iter(SAMPLES))


def load(tmp_path: Path, runtimes: Any, **more: Any) -> Settings:
    (tmp_path / "dev.yaml").write_text(
        yaml.safe_dump({**DEV, "runtimes": runtimes, **more}, sort_keys=False)
    )
    return load_settings("dev", tmp_path, SAMPLES)


def test_what_it_says_less_it_takes_from_what_is_usual(tmp_path: Path) -> None:
    runtimes = {
        "foreign": GOOD,
        "named": {**GOOD, "qualifier": "blue", "transport": "socket"},
        "ours": {"agent": FIRST},
    }
    settings = load(tmp_path, runtimes, agents={"foreign": {"timeout_s": 60}})
    found = settings.runtimes
    assert [one.endpoint for one in found.values()] == ["DEFAULT", "blue", "live"]
    assert [one.transport for one in found.values()] == ["sdk", "socket", "sdk"]
    asked = with_runtimes(SAMPLES, found)
    assert list(asked) == [*SAMPLES, *found]
    assert asked["ours"].framework == RUNS_ELSEWHERE
    assert asked["ours"].description == SAMPLES[FIRST].description
    assert settings.function(asked["foreign"]).timeout_s == 60


@pytest.mark.parametrize(
    ("name", "runtime", "said"),
    [
        ("one", {**GOOD, "arn": None}, "runtimes.one: give either the arn"),
        ("one", {**GOOD, "agent": FIRST}, "runtimes.one: give either the arn"),
        ("one", {**GOOD, "arn": ARN.replace("1111", "1")}, "runtimes.one.arn: account: "),
        ("one", {**GOOD, "arn": f"{ARN}/runtime-endpoint/live"}, "runtimes.one.arn: it is the ARN"),
        ("one", {**GOOD, "qualifier": "a-b"}, "runtimes.one.qualifier: 'a-b' is not allowed"),
        ("one", {**GOOD, "transport": "http"}, "runtimes.one.transport: 'http' is not allowed"),
        ("one", {**GOOD, "most_usd": 0}, "runtimes.one.most_usd: 0 is not allowed"),
        ("one", {**GOOD, "prompt": "x"}, "runtimes.one.prompt is not a setting"),
        ("one", {**GOOD, "description": "a\nb" * 9}, "runtimes.one.description: "),
        ("one", {"description": "Is ours.....", "agent": "nobody"}, "there is no agent 'nobody'"),
        (
            "one",
            {"description": "Is ours.....", "agent": FIRST, "most_usd": 1},
            "runtimes.one: most_usd is for somebody else's",
        ),
        ("one", {"arn": ARN, "most_usd": 1}, "runtimes.one: give a description"),
        ("one", {"agent": FIRST, "transport": "socket"}, "runtimes.one: an agent of this project"),
        ("One", GOOD, "runtimes.One: 'One' is not allowed; give a name as agents have"),
        ("a" * (AGENT_NAME_LENGTH + 1), GOOD, "is not allowed; give a name as agents have"),
        ("api", GOOD, "runtimes.api: is not allowed as a name"),
        ("runtime", GOOD, "runtimes.runtime: is not allowed as a name"),
        (FIRST, GOOD, f"runtimes.{FIRST}: agents/{FIRST} is called so"),
    ],
)
def test_anything_else_is_refused_in_a_line(
    tmp_path: Path, name: str, runtime: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, {name: runtime})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_names_that_are_one_without_underscores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"runtimes\.on_boarding: runtimes\.onboarding is"):
        load(tmp_path, {"onboarding": GOOD, "on_boarding": GOOD})


def test_where_there_are_budgets_a_call_has_a_most(tmp_path: Path) -> None:
    free = {name: value for name, value in GOOD.items() if name != "most_usd"}
    ours = {"description": "Is one of ours.", "agent": FIRST}
    none: dict[str, Any] = {"per_request_usd": None, "per_principal_day_usd": None}
    assert load(tmp_path, {"one": free}, budgets=none).runtimes["one"].most_usd is None
    for budgets in (
        {**none, "per_request_usd": 1},
        {**none, "per_principal_day_usd": 1},
        {**none, "principals": {"ada": 1}},
    ):
        load(tmp_path, {"one": ours}, budgets=budgets)
        with pytest.raises(SettingsError, match=r"runtimes\.one\.most_usd is missing"):
            load(tmp_path, {"one": free}, budgets=budgets)


def test_more_than_a_functions_environment_holds_is_refused(tmp_path: Path) -> None:
    many = {f"runtime_{number}": {**GOOD, "description": "x" * 256} for number in range(8)}
    with pytest.raises(SettingsError, match="Describe them more briefly"):
        load(tmp_path, many)


def test_workflows_may_ask_them_and_nobody_else_changes() -> None:
    runs = AgentManifest(
        name="workflows", description="Runs what it is asked.", framework="workflow", calls=(FIRST,)
    )
    agents = {**SAMPLES, "workflows": runs}
    asked = with_runtimes(agents, {"one": RuntimeSettings.model_validate(GOOD)})
    assert asked["workflows"].calls == (FIRST, "one")
    assert {name: asked[name] for name in SAMPLES} == SAMPLES


def test_no_folder_is_an_agent_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "agent.toml").write_text(
        'description = "Is an agent that runs elsewhere."\nframework = "agentcore"\n'
    )
    with pytest.raises(ManifestError, match="name it in the settings' `runtimes`"):
        find_agents(tmp_path)
