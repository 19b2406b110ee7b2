"""How an environment deploys: what may be said, and what is refused in a line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.file import load_settings
from tests.sample_agents import SAMPLES

CONFIG = Path(__file__).parents[3] / "config"


def load(folder: Path, deployment: object) -> Settings:
    content: dict[str, Any] = yaml.safe_load((CONFIG / "dev.yaml").read_text())
    (folder / "dev.yaml").write_text(yaml.safe_dump({**content, "deployment": deployment}))
    return load_settings("dev", folder, SAMPLES)


def test_silence_deploys_at_once_and_keeps_five_versions(tmp_path: Path) -> None:
    deployment = load(tmp_path, {}).deployment
    assert (deployment.strategy, deployment.gradual, deployment.keep_versions) == (
        "all_at_once",
        False,
        5,
    )


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        ({"strategy": "blue_green"}, "give all_at_once, canary or linear"),
        ({"percent": 0}, "deployment.percent: 0 is not allowed; give a whole number from 1 to 99"),
        ({"percent": 100}, "deployment.percent: 100 is not allowed"),
        ({"minutes": 2881}, "deployment.minutes: 2881 is not allowed"),
        # The version before is what there is to go back to.
        ({"keep_versions": 1}, "deployment.keep_versions: 1 is not allowed"),
        ({"error_percent": 0}, "deployment.error_percent: 0 is not allowed"),
        ({"slower_times": 1}, "deployment.slower_times: 1 is not allowed; give a number above 1"),
        (
            {"strategy": "linear", "percent": 1, "minutes": 30},
            "deployment: 99 steps of 30 minutes are 2970; give at most 2880 minutes in all",
        ),
        ({"hold": {"nobody": 3}}, "deployment.hold.nobody: there is no such agent"),
        ({"hold": {"terrain": 0}}, "deployment.hold.terrain: 0 is not allowed"),
        ({"hold": {"terrain": "$LATEST"}}, "'$LATEST' is not allowed"),
        ({"keep": 5}, "deployment.keep is not a setting"),
    ],
)
def test_what_cannot_be_deployed_is_named(
    tmp_path: Path, deployment: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, deployment)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_longest_linear_deployment_is_two_days(tmp_path: Path) -> None:
    longest = {"strategy": "linear", "percent": 10, "minutes": 320}
    assert load(tmp_path, longest).deployment.gradual
