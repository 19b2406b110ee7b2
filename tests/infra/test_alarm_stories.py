"""The stories in tests/stories hold for what is deployed, and the docs tell them as they are."""

import pytest
from click.testing import CliRunner

from cli.__main__ import tradewind
from cli.alarm_stories import PAGE, SHIPPED, run_stories
from devtools.stories.decisions import Decisions
from devtools.stories.telling import Told
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    """What the environments' alarms have in common is worked out once."""
    return Decisions()


@pytest.fixture(scope="module")
def in_prod(prod: Assembly, decisions: Decisions) -> tuple[list[Told], list[str]]:
    return run_stories(prod.folder, decisions=decisions)


@pytest.fixture(scope="module")
def in_dev(dev: Assembly, decisions: Decisions) -> tuple[list[Told], list[str]]:
    return run_stories(dev.folder, decisions=decisions)


@pytest.fixture(scope="module")
def in_everything(
    synthesize: Synthesize, everything: Assembly, decisions: Decisions
) -> tuple[list[Told], list[str]]:
    """With every function and processes that are restored; what needs neither is told elsewhere."""
    restored = synthesize(everything.settings.model_copy(update={"snap_start": True}))
    needing = [file for file in sorted(SHIPPED.glob("*.yaml")) if "needs:" in file.read_text()]
    return run_stories(restored.folder, needing, decisions)


def failures(told: list[Told]) -> list[str]:
    return [
        f"{one.placed.path.name}:{one.placed.line}: {failure}"
        for one in told
        for failure in one.failures
    ]


def test_stories_go_as_they_say(
    in_prod: tuple[list[Told], list[str]], in_dev: tuple[list[Told], list[str]]
) -> None:
    assert failures(in_prod[0]) == []
    assert failures(in_dev[0]) == []


def test_stories_of_what_few_environments_have_go_as_they_say(
    in_everything: tuple[list[Told], list[str]],
) -> None:
    assert failures(in_everything[0]) == []
    needed = {need for one in in_everything[0] for need in one.placed.story.needs}
    assert needed == {"authorizer", "restored"}


def test_every_story_is_about_one_of_these(
    in_prod: tuple[list[Told], list[str]],
    in_dev: tuple[list[Told], list[str]],
    in_everything: tuple[list[Told], list[str]],
) -> None:
    told = {one.placed.story.name for one in in_everything[0]}
    assert set(in_prod[1]) & set(in_dev[1]) <= told


def test_every_story_begins_with_a_new_stack(in_prod: tuple[list[Told], list[str]]) -> None:
    """Its alarms know nothing; the first state of each is one that it comes to."""
    for one in in_prod[0]:
        first = {change.alarm: change.before for change in reversed(one.changes)}
        assert set(first.values()) == {"INSUFFICIENT_DATA"}


def test_the_page_is_current(
    in_prod: tuple[list[Told], list[str]], prod: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mend it with ``tradewind alarms stories --page``, on templates of prod."""

    def told_already(*asked: object) -> tuple[list[Told], list[str]]:
        assert asked == (prod.folder, ())
        return in_prod

    monkeypatch.setattr("cli.alarm_stories.run_stories", told_already)
    words = ("alarms", "stories", "--page", "--templates", str(prod.folder))
    done = CliRunner().invoke(tradewind, words)
    assert done.exit_code == 0, done.output
    assert done.stdout == PAGE.read_text(encoding="utf-8")
