"""The tables of settings in the docs are those of the models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from cli.agent_folders import render
from cli.commands.agent import FRAMEWORKS
from stacks.settings.environment import Settings
from stacks.settings.pages import AGENTS_PAGE, PAGES, SETTINGS_PAGE, Page, settings_of
from stacks.settings.runtime import RuntimeSettings
from tradewind.contracts.agent_manifest import AgentManifest

CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.file.name)
def test_the_page_is_current(page: Page) -> None:
    assert page.file.read_text() == page.render(), "run `make docs`"


@pytest.mark.parametrize("model", [AgentManifest, Settings, RuntimeSettings])
def test_every_setting_says_what_it_is_and_what_is_allowed(model: type[BaseModel]) -> None:
    mute = [one.name for one in settings_of(model) if not (one.allowed and one.meaning)]
    # The file's or the folder's name.
    assert set(mute) <= {"environment", "name"}


def keys(content: object, prefix: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{prefix}{key}"
            yield from keys(value, f"{prefix}{key}.")


@pytest.mark.parametrize("file", sorted(CONFIG.glob("*.yaml")), ids=lambda file: file.name)
def test_every_key_of_a_configuration_is_on_the_page(file: Path) -> None:
    text = SETTINGS_PAGE.file.read_text()
    for key in keys(yaml.safe_load(file.read_text())):
        # Below these, keys are names that somebody gave.
        if not key.startswith(("tags.", "agents.", "runtimes.", "prices.usd_per_million_tokens.")):
            assert f"| `{key}" in text, key


def test_every_field_at_the_top_is_on_its_page() -> None:
    for page, own in ((AGENTS_PAGE, {"name"}), (SETTINGS_PAGE, {"environment"})):
        for name in set(page.model.model_fields) - own:
            assert f"| `{name}" in page.file.read_text(), name


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    page = Page(tmp_path / "bare.md", AgentManifest, "somewhere.py", frozenset())
    page.file.write_text("# Nothing\n")
    with pytest.raises(ValueError, match=r"bare\.md has no place for its table"):
        page.render()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_page_explains_each_file_of_a_new_agent(framework: str) -> None:
    text = AGENTS_PAGE.file.read_text()
    for file in set(render("grid", framework)) - {"__init__.py"}:
        assert f"`{file}`" in text
