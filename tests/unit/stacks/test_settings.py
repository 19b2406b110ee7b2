"""What a person sees who mistypes a setting: one line that says how to mend it."""

import platform
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.file import load_settings
from stacks.settings.retention import LOG_RETENTION
from tests.deployed_agents import AGENTS
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import FunctionNeeds

Content = dict[str, Any]
CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def content() -> Content:
    loaded: Content = yaml.safe_load((CONFIG / "dev.yaml").read_text())
    return loaded


def load(folder: Path, content: object) -> Settings:
    config = folder / "config"
    config.mkdir()
    (config / "dev.yaml").write_text(yaml.safe_dump(content))
    return load_settings("dev", config, SAMPLES)


def refusal(folder: Path, content: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load(folder, content)
    said = str(refused.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize("file", sorted(CONFIG.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_environment_of_the_repository_is_valid(file: Path) -> None:
    assert load_settings(file.stem, CONFIG, AGENTS).environment == file.stem


def test_environments_differ_in_values_only() -> None:
    shapes = []
    for file in CONFIG.glob("*.yaml"):
        loaded = yaml.safe_load(file.read_text())
        shapes.append({"model": sorted(loaded["model"]), "": sorted(loaded)})
    assert all(shape == shapes[0] for shape in shapes)


def test_an_empty_mapping_takes_every_default(tmp_path: Path, content: Content) -> None:
    content["functions"] = {}
    content["agents"] = {"terrain": {}}
    terrain = load(tmp_path, content).function(SAMPLES["terrain"])
    assert (terrain.memory_mb, terrain.timeout_s, terrain.target_architecture) == (
        3072,
        900,
        "arm64",
    )


def test_settings_are_frozen(tmp_path: Path, content: Content) -> None:
    loaded = load(tmp_path, content)
    with pytest.raises(ValueError, match="frozen"):
        loaded.log_level = "ERROR"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")],
)
def test_native_is_this_machines_architecture(
    tmp_path: Path,
    content: Content,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    architecture: str,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    content["agents"]["layout"] = {"architecture": "native"}
    loaded = load(tmp_path, content)
    assert loaded.function(SAMPLES["layout"]).target_architecture == architecture


def test_native_is_refused_on_a_machine_that_lambda_does_not_have(
    tmp_path: Path, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    content["agents"]["layout"] = {"architecture": "native"}
    layout = load(tmp_path, content).function(SAMPLES["layout"])
    with pytest.raises(SettingsError, match="riscv64"):
        _ = layout.target_architecture


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "agents.terrain.memory_mb",
            99999,
            "config/dev.yaml: agents.terrain.memory_mb: 99999 is not allowed; "
            "give a whole number from 128 to 10240",
        ),
        (
            "agents.terrain.memory_mb",
            "3072",
            "config/dev.yaml: agents.terrain.memory_mb: '3072' is not allowed; "
            "give a whole number from 128 to 10240",
        ),
        ("agents.report.timeout_s", 901, "give a whole number from 1 to 900"),
        ("agents.report.timeout_s", True, "agents.report.timeout_s: True is not allowed"),
        ("agents.layout.architecture", "mips", "give arm64, x86_64 or native"),
        ("agents.layout.reserved_concurrency", -1, "or null for none"),
        ("agents.layout.bundle_budget_mb", 263, "give a whole number from 1 to 262"),
        (
            "agents.terrain.endpoints.OVERPASS_URL",
            "http://overpass.test",
            "agents.terrain.endpoints.OVERPASS_URL: 'http://overpass.test' is not allowed; give an "
            "https:// address without a query",
        ),
        ("agents.terrain.endpoints.WIND_DATA_URL", "https://a.test/x?key=1", "an https:// address"),
        ("agents.terrain.endpoints.WIND_DATA_URL", None, "an https:// address without a query"),
        (
            "agents.terrain.endpoints.NO_SUCH_URL",
            "https://a.test",
            "agents.terrain.endpoints.NO_SUCH_URL is not in its agent.toml; those there: "
            "OVERPASS_URL, WIND_DATA_URL",
        ),
        ("functions.endpoints", {"A_URL": "https://a.test"}, "functions.endpoints: is an agent's"),
        ("functions.memory_mb", 1, "functions.memory_mb: 1 is not allowed; give a whole number"),
        ("agents.grid", {}, "agents.grid: there is no such agent; those there are: terrain, "),
        ("agents.terrain", None, "agents.terrain: None is not allowed; give a mapping"),
        (
            "model.region",
            "eu-west-1",
            "model.region: 'eu-west-1' is not allowed; give a region that "
            "us.anthropic.claude-sonnet-4-6 is called from: ca-central-1, ca-west-1, us-east-1",
        ),
        (
            "model.id",
            "xx.anthropic.model",
            "begins with one of us., ca., us-gov., eu., apac., jp., au., global.",
        ),
        ("model.id", "claude", "an inference profile id such as us.anthropic"),
        ("model.max_tokens", 0, "give a whole number from 1 to 64000"),
        ("model.read_timeout_s", 0, "above 0 and at most 900"),
        ("model.read_timeout_s", float("nan"), "above 0 and at most 900"),
        ("model.read_timeout_s", float("inf"), "above 0 and at most 900"),
        ("log_level", "info", "give DEBUG, INFO, WARN or ERROR"),
        ("log_retention_days", 2, "log_retention_days: 2 is not allowed; give one of 1, 3, 5, 7"),
        ("snap_start", "on", "give true or false"),
        ("alarm_email", "nobody", "give an e-mail address, or null"),
        ("account", 123456789012, "give twelve digits in quotes, or null"),
        ("account", "12\n34", "account: '12\\n34' is not allowed"),
        ("region", "mars", "give an AWS region such as us-east-1"),
        ("tags", {"aws:owner": "x"}, "what begins with aws: is AWS's"),
        ("tags.project", 3, "tags.project: 3 is not allowed"),
        ("tags", [], "give text for text"),
        ("record_ttl_days", 1.5, "give a whole number from 1 to 3650"),
        ("agents.terrain.expect_traffic_within_h", 161, "hours from 1 to 160, or null"),
        ("alarms.error_percent", 100, "a number of percent above 0 and below 100"),
        ("alarms.cost_usd_per_hour", 0, "a number of US dollars above 0"),
        ("alarms.init_time_ms", 2.5, "give a whole number from 1 to 10000"),
        ("alarms.no_such", 1, "alarms.no_such is not a setting; those here are bedrock_error_"),
        ("log_sample_percent", 101, "a number of percent from 0 to 100"),
        ("otlp_endpoint", "otel.example.org", "give an http(s) URL, or null"),
        ("runbook_url", "https://example.org/", "an https URL without a last /, or null"),
        ("prices.as_of", "yesterday", "give a date such as 2026-11-20"),
        ("prices.usd_per_million_tokens", {"x": {"input": 1}}, "tokens.x.output is missing; give"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(
    tmp_path: Path, content: Content, path: str, value: object, expected: str
) -> None:
    *owners, field = path.split(".")
    owner = content
    for name in owners:
        owner = owner.setdefault(name, {})
    owner[field] = value
    assert expected in refusal(tmp_path, content)


def test_a_missing_field_is_named(tmp_path: Path, content: Content) -> None:
    del content["model"]["region"]
    assert refusal(tmp_path, content) == (
        "config/dev.yaml: model.region is missing; give an AWS region such as us-east-1 with "
        "Lambda and Bedrock, commercial or in GovCloud (US)"
    )


def test_what_differs_here_wins_over_the_manifest_and_an_agents_own_over_everybodys(
    tmp_path: Path, content: Content
) -> None:
    manifest = SAMPLES["terrain"].model_copy(
        update={"function": FunctionNeeds(memory_mb=1024, timeout_s=60, bundle_budget_mb=77)}
    )
    content["functions"] = {"memory_mb": 3008, "timeout_s": 120}
    content["agents"] = {"terrain": {"timeout_s": 30}}
    content["model"]["read_timeout_s"] = 20

    function = load(tmp_path, content).function(manifest)

    assert (function.memory_mb, function.timeout_s, function.bundle_budget_mb) == (3008, 30, 77)


def test_one_endpoint_may_differ_and_the_others_stay(tmp_path: Path, content: Content) -> None:
    content["agents"] = {"terrain": {"endpoints": {"OVERPASS_URL": "https://own.test/api"}}}
    endpoints = load(tmp_path, content).function(SAMPLES["terrain"]).endpoints
    assert endpoints == {
        **SAMPLES["terrain"].function.endpoints,
        "OVERPASS_URL": "https://own.test/api",
    }


def test_an_unknown_field_is_named_with_those_that_exist(tmp_path: Path, content: Content) -> None:
    content["agents"]["terrain"] = {"memory": 512}
    assert refusal(tmp_path, content) == (
        "config/dev.yaml: agents.terrain.memory is not a setting; those here are architecture, "
        "bundle_budget_mb, endpoints, expect_traffic_within_h, memory_mb, reserved_concurrency, "
        "timeout_s"
    )


def test_the_environments_name_cannot_be_set_in_its_file(tmp_path: Path, content: Content) -> None:
    content["environment"] = "prod"
    assert "the file's name" in refusal(tmp_path, content)


def test_an_unknown_environment_lists_those_that_exist() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings("staging", CONFIG, AGENTS)
    assert str(refused.value) == (
        "env: there is no config/staging.yaml; the environments that exist: dev, local, prod"
    )


@pytest.mark.parametrize(
    "name", ["../dev", "dev/../prod", "/etc", "Dev", "", "a" * 21, "a-", "a--b"]
)
def test_an_environments_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(SettingsError, match="is not allowed"):
        load_settings(name, CONFIG, AGENTS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: [", "not valid YAML"),
        ("model: 2026-13-01", "not valid YAML: month must be in 1..12"),
        (f"model: {'9' * 5000}", "not valid YAML"),
        ("[" * 5000, "more than 20 mappings and lists in each other"),
        ("- a list", "a mapping"),
        ("", "a mapping"),
        ("model: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "dev.yaml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings("dev", tmp_path, AGENTS)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "region: us-east-1\nregion: eu-west-1\n",
            "dev.yaml: region is given twice, in lines 1 and 2",
        ),
        (
            "model:\n  region: a\n  max_tokens: 1\n  region: b\n",
            "region is given twice, in lines 2",
        ),
        ("tags: {a: b, a: c}", "a is given twice, in lines 1 and 1"),
    ],
)
def test_a_key_given_twice_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "dev.yaml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings("dev", tmp_path, AGENTS)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_keys_that_a_mapping_takes_from_another_may_be_given_anew(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text("x: &x {region: a}\ny: {<<: *x, region: b}\n")
    with pytest.raises(SettingsError, match="region is missing"):
        load_settings("dev", tmp_path, AGENTS)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"odd\.yaml cannot be read: Is a directory"):
        load_settings("odd", tmp_path, SAMPLES)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings("dev", tmp_path, AGENTS)


@pytest.mark.parametrize("days", sorted(LOG_RETENTION))
def test_every_retention_that_is_offered_is_taken(
    tmp_path: Path, content: Content, days: int
) -> None:
    content["log_retention_days"] = days
    assert load(tmp_path, content).log_retention_days == days


def test_a_model_without_prices_is_refused(tmp_path: Path, content: Content) -> None:
    content["prices"]["usd_per_million_tokens"] = {}
    assert refusal(tmp_path, content) == (
        "config/dev.yaml: prices.usd_per_million_tokens has no prices of the model "
        "us.anthropic.claude-sonnet-4-6; add them"
    )


@pytest.mark.parametrize("name", ["artifact_expiry_days", "record_ttl_days"])
def test_a_question_outlives_nothing_that_its_answer_needs(
    tmp_path: Path, content: Content, name: str
) -> None:
    content["question_life_days"], content[name] = 6, 5
    assert refusal(tmp_path, content) == (
        f"config/dev.yaml: question_life_days may be at most {name}, which is 5"
    )


def test_alarms_take_every_default(tmp_path: Path, content: Content) -> None:
    content["alarms"] = {"error_percent": 1}
    alarms = load(tmp_path, content).alarms
    assert (alarms.error_percent, alarms.p99_percent_of_timeout) == (1, 80)
