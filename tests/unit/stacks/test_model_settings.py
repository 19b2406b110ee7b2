"""What a file may say of the model, and the one line for what it may not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.file import load_settings
from stacks.settings.model import ModelChoice
from tests.sample_agents import SAMPLES

CONFIG = Path(__file__).parents[3] / "config" / "dev.yaml"
SONNET = "us.anthropic.claude-sonnet-4-6"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
IMPORTED = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123"
APPLICATION = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
FORMER = {"id": HAIKU, "region": "us-east-1"}


def load(folder: Path, model: dict[str, Any], **others: Any) -> Settings:
    content = yaml.safe_load(CONFIG.read_text())
    content |= others
    content["model"] |= model
    prices = content["prices"]["usd_per_million_tokens"]
    prices.setdefault(content["model"]["id"], prices[SONNET])
    (folder / "dev.yaml").write_text(yaml.safe_dump(content))
    return load_settings("dev", folder, SAMPLES)


@pytest.mark.parametrize(
    ("model", "others", "said"),
    [
        ({"destinations": ["us-east-1"]}, {}, "model.destinations: ['us-east-1'] is not allowed"),
        ({"destinations": ["us-east-9"]}, {}, "model.destinations.0: 'us-east-9' is not allowed"),
        ({"destinations": "us-east-1"}, {}, "give a list of regions, or null"),
        ({"application_profile": SONNET}, {}, "model.application_profile: 'us.anthropic"),
        (
            {"application_profile": APPLICATION, "profile_per_agent": True},
            {},
            "model.profile_per_agent: True is not allowed; give false beside",
        ),
        (
            {"id": IMPORTED, "profile_per_agent": True},
            {},
            "model.profile_per_agent: True is not allowed; give none for a imported-model",
        ),
        ({"id": IMPORTED, "application_profile": APPLICATION}, {}, "model.application_profile: "),
        ({"id": APPLICATION}, {}, "this ARN as `application_profile`"),
        ({"guardrail": {"id": "abc123", "version": 1}}, {}, "give a number in quotes, or DRAFT"),
        ({"guardrail": {"id": "abc123", "version": "0"}}, {}, "give a number in quotes, or DRAFT"),
        ({"guardrail": {"id": "ABC"}}, {}, "model.guardrail.id: 'ABC' is not allowed"),
        ({"guardrail": {"id": "abc123"}}, {}, "model.guardrail.version is missing"),
        ({"former_models": [FORMER] * 4}, {}, "give a list of at most 3 models"),
        ({"former_models": [HAIKU]}, {}, "model.former_models.0: "),
        ({"former_models": [{"id": HAIKU}]}, {}, "model.former_models.0.region is missing"),
        (
            {"former_models": [{**FORMER, "region": "eu-west-1"}]},
            {},
            "model.former_models.0.region: 'eu-west-1' is not allowed; give a region that us.",
        ),
        (
            {},
            {"region": "us-gov-west-1"},
            f"model: {SONNET} is called in us-east-1, which no role of us-gov-west-1 reaches",
        ),
        (
            {"profile_per_agent": True},
            {"region": "eu-west-1"},
            "model: profile_per_agent: the stacks of eu-west-1 make no profile in us-east-1",
        ),
        ({}, {"region": "xx-nowhere-1"}, "region: 'xx-nowhere-1' is not allowed; give an AWS"),
        ({"region": "us-east-9"}, {}, "model.region: 'us-east-9' is not allowed; give an AWS"),
    ],
)
def test_what_a_file_may_not_say_is_one_line(
    tmp_path: Path, model: dict[str, Any], others: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, model, **others)
    line = str(refused.value)
    assert "\n" not in line
    assert said in line


def test_a_model_in_another_region_of_the_partition_is_fine(tmp_path: Path) -> None:
    settings = load(tmp_path, {}, region="eu-west-1")
    assert (settings.region, settings.model.region) == ("eu-west-1", "us-east-1")


def test_a_digest_tells_models_apart_by_all_that_is_said_of_them(tmp_path: Path) -> None:
    model = load(tmp_path, {"former_models": [FORMER]}).model
    assert [one.id for one in model.granted] == [SONNET, HAIKU]
    said: dict[str, Any] = {"id": SONNET, "region": "us-east-1"}
    others = [
        ModelChoice(**said | more)
        for more in (
            {"id": HAIKU},
            {"region": "us-east-2"},
            {"application_profile": APPLICATION},
            {"profile_per_agent": True},
            {"guardrail": {"id": "abc123", "version": "1"}},
            {"guardrail": {"id": "abc123", "version": "2"}},
        )
    ]
    assert len({model.digest, *(one.digest for one in others)}) == len(others) + 1
    # Patience is no part of it: it is another version, and the same grant.
    assert ModelChoice(**said).digest == model.digest
