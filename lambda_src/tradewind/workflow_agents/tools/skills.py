"""Instructions that agents read when they need them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import Field

from tradewind.workflow.spec.problem import shown
from tradewind.workflow.spec.tools import SKILL_TOOL, Skill
from tradewind.workflow_agents.tools.folder import Folder
from tradewind.workflow_agents.tools.tool import (
    Arguments,
    Calls,
    ToolRefused,
    WorkflowTool,
    in_thread,
    tool,
)

_MAIN: Final = ("SKILL.md", "README.md")
#: A skill that is a file is a text of this kind, so that no file's key or setting is one.
_SUFFIXES: Final = (".md", ".markdown", ".txt")
_LONGEST_DESCRIPTION: Final = 1_000
_FRONT: Final = re.compile(r"\A---\r?\n(.{0,20000}?)\r?\n---\r?(?:\n|\Z)", re.DOTALL)


class SkillId(Arguments):
    """Which skill."""

    skill_id: str = Field(
        max_length=500, description="A skill's id, or id/module for a module of it."
    )


class Skills:
    """The skills of a file.

    Args:
        skills: What the file declares.
        folder: What its paths are relative to.
    """

    def __init__(self, skills: Sequence[Skill], folder: Path) -> None:
        self._skills = {skill.id: skill for skill in skills}
        self._folder = folder

    def listing(self) -> str:
        """What each agent is told of them."""
        lines = [
            "Skills: instructions that you read with the tool Skill(skill_id) when you need them."
        ]
        for skill in self._skills.values():
            about = skill.description
            if about is None and skill.preload_metadata:
                about = self._own_description(skill)
            lines.append(f"- {skill.id}: {about}" if about else f"- {skill.id}")
        return "\n".join(lines)

    def read(self, skill_id: str) -> str:
        """A skill's text, or one of its modules'.

        Raises:
            ToolRefused: There is none.
        """
        name, _, module = skill_id.partition("/")
        skill = self._skills.get(name)
        if skill is None:
            known = ", ".join(self._skills)
            raise ToolRefused(f"There is no skill '{shown(name)}'. There are: {known}.")
        place = self._folder / skill.path
        if Path(skill.path).is_absolute():
            raise ToolRefused(f"The skill {name} cannot be read: its path is not relative.")
        if place.is_file():
            return self._from_file(name, place, module)
        folder = Folder(place)
        if module:
            return folder.read(f"{module}.md")
        for main in _MAIN:
            try:
                return folder.read(main)
            except ToolRefused:
                continue
        raise ToolRefused(f"The skill {name} has neither {' nor '.join(_MAIN)}.")

    def _from_file(self, name: str, place: Path, module: str) -> str:
        if module:
            raise ToolRefused(f"The skill {name} is one file, and has no modules.")
        if place.suffix.lower() not in _SUFFIXES:
            raise ToolRefused(f"The skill {name} is no text of {', '.join(_SUFFIXES)}.")
        return Folder(place.parent).read(place.name)

    def _own_description(self, skill: Skill) -> str | None:
        """What a skill says of itself at its top."""
        try:
            front = _FRONT.match(self.read(skill.id))
            data = yaml.safe_load(front[1]) if front else None
        except (ToolRefused, yaml.YAMLError, ValueError, RecursionError):
            return None
        about = data.get("description") if isinstance(data, dict) else None
        return " ".join(about.split())[:_LONGEST_DESCRIPTION] if isinstance(about, str) else None

    def tool(self, calls: Calls) -> WorkflowTool:
        """The tool that reads them."""

        def work(arguments: SkillId) -> str:
            return self.read(arguments.skill_id)

        return tool(SKILL_TOOL, "Reads a skill's instructions.", SkillId, calls, in_thread(work))
