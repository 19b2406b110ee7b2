"""Stories as a table in Markdown: what happened, and what was sent, when."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from devtools.cloudwatch.notation import format_time
from devtools.stories.telling import Notification, Told


def render(told: Sequence[Told]) -> str:
    """The tables of stories, a file's together."""
    return "\n".join(line for _, of_file in _by_file(told) for line in _table(of_file))


def _by_file(told: Sequence[Told]) -> Iterator[tuple[str, list[Told]]]:
    for path, of_file in groupby(told, key=lambda one: one.placed.path):
        yield path.stem, list(of_file)


def _table(told: Sequence[Told]) -> Iterator[str]:
    title = told[0].placed.path.stem.replace("_", " ").capitalize()
    yield f"## {title}\n"
    yield "| What happened | What was sent, and when |"
    yield "|---|---|"
    for one in told:
        story = one.placed.story
        sent = "<br>".join(_line(notification) for notification in one.sent) or "Nothing."
        yield f"| **{story.name}.** {' '.join(story.told.split())} | {sent} |"
    yield ""


def _line(sent: Notification) -> str:
    because = f" ({', '.join(map(_short, sent.because))})" if sent.because else ""
    return f"{format_time(sent.time)}: {sent.to}, `{_short(sent.alarm)}` {sent.state}{because}"


def _short(alarm: str) -> str:
    """An alarm's name without the app's and the environment's."""
    return alarm.split("-", 2)[-1]
