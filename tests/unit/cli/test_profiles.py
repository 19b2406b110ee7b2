"""``tradewind profiles refresh`` writes what the account answers, and nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli import cdk
from cli.__main__ import tradewind
from stacks import inference_profiles
from stacks.inference_profiles import TABLE_FILE, read_table
from stacks.parts.bedrock_access import UnsupportedModel, read_model

UNKNOWN = "us.vendor.model-v1:0"
KNOWN = "us.anthropic.claude-sonnet-4-6"


class Bedrock:
    """An account: profiles, by region and id, and the regions they lead to."""

    def __init__(self, region: str, answers: dict[str, list[str]], asked: list[Any]) -> None:
        self.region, self.answers, self.asked = region, answers, asked

    def get_inference_profile(self, *, inferenceProfileIdentifier: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append((self.region, inferenceProfileIdentifier))
        model = inferenceProfileIdentifier.partition(".")[2]
        return {
            "models": [
                {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model}"}
                for region in self.answers[inferenceProfileIdentifier]
            ]
        }


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the table, which the command writes."""
    copy = tmp_path / TABLE_FILE.name
    shutil.copy(TABLE_FILE, copy)
    monkeypatch.setattr(inference_profiles, "TABLE_FILE", copy)
    return copy


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    monkeypatch.setattr(cdk, "PROJECT", tmp_path)
    return tmp_path / "config" / "dev.yaml"


def refresh(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: Any,
    answers: dict[str, list[str]],
    *words: str,
) -> tuple[Any, list[Any]]:
    asked: list[Any] = []
    project.write_text(yaml.safe_dump({"model": model}))
    monkeypatch.setattr(
        "boto3.client", lambda _service, region_name: Bedrock(region_name, answers, asked)
    )
    return CliRunner().invoke(tradewind, ["profiles", "refresh", "dev", *words]), asked


def test_an_unknown_profile_is_written_and_can_be_granted_from_then_on(
    project: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table.read_text()
    model = {"id": UNKNOWN, "region": "us-east-1"}
    ran, asked = refresh(project, monkeypatch, model, {UNKNOWN: ["us-west-2", "us-east-1"]})
    assert ran.exit_code == 0, ran.output
    assert asked == [("us-east-1", UNKNOWN)]
    assert ran.output == f"{UNKNOWN} from us-east-1: us-east-1, us-west-2 (written)\n"

    after = table.read_text()
    assert after.startswith(before.removesuffix(" {}\n"))
    assert read_model(UNKNOWN, "us-east-1", table=read_table(after)).destinations == (
        "us-east-1",
        "us-west-2",
    )
    with pytest.raises(UnsupportedModel, match="is called from: us-east-1"):
        read_model(UNKNOWN, "us-east-2", table=read_table(after))

    again, _ = refresh(project, monkeypatch, model, {UNKNOWN: ["us-west-2", "us-east-1"]})
    assert again.output.endswith("(as the table has it)\n")
    assert table.read_text() == after


def test_what_the_account_says_wins_over_what_the_table_says(
    project: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = {
        "id": "amazon.nova-pro-v1:0",
        "region": "us-east-1",
        "former_models": [{"id": KNOWN, "region": "us-east-1"}],
    }
    ran, asked = refresh(project, monkeypatch, model, {KNOWN: ["us-east-1"]}, "--json")
    assert asked == [("us-east-1", KNOWN)]
    assert json.loads(ran.output) == [
        {"profile": KNOWN, "region": "us-east-1", "destinations": ["us-east-1"], "new": True}
    ]
    now = read_table(table.read_text()).destinations(KNOWN)
    assert now["us-east-1"] == ("us-east-1",)
    assert now["us-east-2"] == ("us-east-1", "us-east-2", "us-west-2")


def test_a_global_profile_lands_where_it_is_called(
    project: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = "global.vendor.model-v1:0"
    model = {"id": profile, "region": "eu-west-1"}
    refresh(project, monkeypatch, model, {profile: ["eu-west-1", ""]})
    read = read_model(profile, "eu-west-1", table=read_table(table.read_text()))
    assert (read.destinations, read.anywhere) == (("eu-west-1",), True)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("us-east-1", "the file has no model"),
        ({"id": KNOWN}, "lacks its `id` or `region`"),
    ],
)
def test_a_file_without_a_model_is_told_of(
    project: Path, table: Path, monkeypatch: pytest.MonkeyPatch, model: Any, said: str
) -> None:
    ran, _ = refresh(project, monkeypatch, model, {})
    assert said in str(ran.exception)


def test_the_embedded_aws_is_not_asked(project: Path) -> None:
    ran = CliRunner().invoke(tradewind, ["profiles", "refresh", "local"])
    assert "ask an account" in str(ran.exception)
