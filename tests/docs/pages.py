"""The commands that README, CONTRIBUTING and docs tell people to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
#: Before a block or in a paragraph: what is typed there cannot be tried without an AWS account.
NEEDS_ACCOUNT: Final = "<!-- needs an account -->"
#: What a command begins with.
PROGRAMS: Final = frozenset(
    {
        *("./tradewind", "tradewind", "make", "aws", "npx", "cdk", "npm", "pip", "uv", "apt-get"),
        *("python", "python3", "pytest", "ruff", "mypy", "git", "docker", "curl", "cd", "export"),
    }
)
_FENCE: Final = re.compile(r"^ *```(\w*) *$")
_INLINE: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_SHELL: Final = {"sh", "bash"}


@dataclass(frozen=True)
class Command:
    """A command on a page.

    Attributes:
        page: The page, from the project's folder.
        line: Where on it.
        text: The command on one line, without a comment.
        fenced: Whether it stands in a block of its own, not in a sentence.
        needs_account: Whether the page says so.
    """

    page: str
    line: int
    text: str
    fenced: bool
    needs_account: bool

    @property
    def words(self) -> list[str]:
        """The command as a shell splits it."""
        return shlex.split(self.text)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def pages() -> list[Path]:
    """Every page that people read."""
    return [
        PROJECT / "README.md",
        PROJECT / "CONTRIBUTING.md",
        *sorted(PROJECT.glob("docs/**/*.md")),
    ]


def commands(page: Path) -> list[Command]:
    """Every command on a page, in order.

    Raises:
        ValueError: A block that holds commands is not marked as ``sh``.
    """
    return list(_commands(str(page.relative_to(PROJECT)), page.read_text(encoding="utf-8")))


def _commands(name: str, text: str) -> Iterator[Command]:
    marked = False
    for start, language, lines in _units(text):
        body = "\n".join(lines)
        needs_account = marked or NEEDS_ACCOUNT in body
        marked = body.strip() == NEEDS_ACCOUNT
        if language is None:
            for found in _INLINE.finditer(body):
                inline = " ".join(found[1].split())
                if _is_command(inline):
                    line = start + body.count("\n", 0, found.start())
                    yield Command(name, line, inline, False, needs_account)
        elif language in _SHELL:
            for line, typed in _typed(start, lines):
                yield Command(name, line, typed, True, needs_account)
        else:
            for offset, content in enumerate(lines):
                if not language and _is_command(content.strip()):
                    raise ValueError(f"{name}:{start + offset}: mark the block with commands as sh")


def _units(text: str) -> Iterator[tuple[int, str | None, list[str]]]:
    """Fenced blocks with their language, and paragraphs with None; each with its first line."""
    language: str | None = None
    fenced = False
    start, lines = 1, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        fence = _FENCE.match(line)
        if fence or (not fenced and not line.strip()):
            if lines:
                yield start, language, lines
            start, lines = number + 1, []
            if fence:
                fenced = not fenced
                language = fence[1] if fenced else None
        else:
            lines.append(line)


def _typed(start: int, lines: list[str]) -> Iterator[tuple[int, str]]:
    """The commands of a block: continued lines joined, comments gone, ``a && b`` parted."""
    joined = ""
    first = start
    for number, line in enumerate(lines, start):
        first = first if joined else number
        if line.endswith("\\"):
            joined += line.removesuffix("\\")
            continue
        whole, joined = joined + line, ""
        words = shlex.split(whole, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            if words[:end]:
                yield first, shlex.join(words[:end])
            words = words[end + 1 :]


def _is_command(text: str) -> bool:
    program, _, rest = text.partition(" ")
    return program in PROGRAMS and bool(rest)
