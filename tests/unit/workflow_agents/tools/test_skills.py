"""Skills, and what is not one."""

from pathlib import Path

import pytest

from tradewind.workflow.spec.tools import Skill
from tradewind.workflow_agents.tools.skills import Skills
from tradewind.workflow_agents.tools.tool import ToolRefused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "terms" / "deep").mkdir(parents=True)
    (tmp_path / "terms" / "SKILL.md").write_text(
        "---\nname: terms\ndescription: Words of\n  the trade.\n---\nSay rotor."
    )
    (tmp_path / "terms" / "more.md").write_text("Say nacelle.")
    (tmp_path / "terms" / "deep" / "most.md").write_text("Say yaw.")
    (tmp_path / "readme").mkdir()
    (tmp_path / "readme" / "README.md").write_text("Read me.")
    (tmp_path / "one.md").write_text("One file.")
    (tmp_path / "secret.md").write_text("Secret.")
    (tmp_path / "key.pem").write_text("Key.")
    (tmp_path / "terms" / "link.md").symlink_to(tmp_path / "secret.md")
    return tmp_path


def skills(folder: Path, *more: Skill) -> Skills:
    declared = (
        Skill(id="terms", path="terms", preload_metadata=True),
        Skill(id="readme", path="./readme", description="Reads."),
        Skill(id="one", path="one.md"),
        Skill(id="key", path="key.pem"),
        Skill(id="gone", path="gone"),
        Skill(id="absolute", path=str(folder / "terms")),
        *more,
    )
    return Skills(declared, folder)


@pytest.mark.parametrize(
    ("skill", "text"),
    [
        ("readme", "Read me."),
        ("one", "One file."),
        ("terms/more", "Say nacelle."),
        ("terms/deep/most", "Say yaw."),
    ],
)
def test_skills_are_read(folder: Path, skill: str, text: str) -> None:
    assert skills(folder).read(skill) == text


@pytest.mark.parametrize(
    "skill",
    [
        *(
            "nobody",
            "terms/nobody",
            "terms/../secret",
            "terms/..",
            "terms//../secret",
            "terms/link",
        ),
        *("one/secret", "one/../secret", "key", "gone", "gone/x", "absolute", "", "/", "../secret"),
        "terms//etc/passwd",
    ],
)
def test_other_ids_are_refused(folder: Path, skill: str) -> None:
    with pytest.raises(ToolRefused) as refused:
        skills(folder).read(skill)
    assert "Secret." not in str(refused.value)


def test_agents_are_told_of_them(folder: Path) -> None:
    listing = skills(folder).listing().splitlines()
    assert "- terms: Words of the trade." in listing
    assert "- readme: Reads." in listing
    assert "- one" in listing


@pytest.mark.parametrize(
    "front", ["---\n[\n---\n", "---\n- a\n---\n", "---\ndescription: 5\n---\n", "", "---\nx"]
)
def test_a_top_that_is_none_describes_nothing(folder: Path, front: str) -> None:
    (folder / "terms" / "SKILL.md").write_text(front)
    assert "- terms" in skills(folder).listing().splitlines()
