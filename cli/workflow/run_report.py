"""How a run ended, for people and for programs. Its result alone is on standard output."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Final

import click

from cli.api.texts import one_line, printable
from cli.cloud import BUILD
from cli.errors import explain, fail, keep_traceback
from cli.workflow.running import Ended

_HOURS: Final = 3600


def show(ended: Ended, *, debug: bool) -> None:
    """Tell a person."""
    if ended.spent.steps or ended.session:
        _say(f"{_headline(ended)}: {_spent(ended)}")
    for file in ended.artifacts:
        _say(f"  {one_line(file)}")
    for file in filter(None, (ended.trace, ended.report)):
        _say(f"  {one_line(file)}")
    if debug and ended.statistics is not None:
        _say(f"statistics: {json.dumps(_plain(ended.statistics))}")
    if ended.text:
        click.echo(printable(ended.text))
    if ended.question is not None:
        _ask(ended)
    elif ended.error is not None:
        _fail(ended)


def show_json(ended: Ended) -> None:
    """Tell a program."""
    question = None
    if ended.question is not None:
        question = asdict(ended.question)
    told = {
        "status": ended.status,
        "exit_code": ended.exit_code,
        "session_id": ended.session,
        "result": ended.text,
        "artifacts": [str(file) for file in ended.artifacts],
        "trace": None if ended.trace is None else str(ended.trace),
        "report": None if ended.report is None else str(ended.report),
        "spent": asdict(ended.spent),
        "question": question,
        "error": ended.error,
        "problems": [asdict(one) for one in ended.problems],
        "statistics": _plain(ended.statistics),
    }
    click.echo(json.dumps(told, indent=2))
    if ended.cause is not None:
        _say(keep_traceback(ended.cause, BUILD / "tradewind-error.txt"))


def _headline(ended: Ended) -> str:
    return ended.status if ended.session is None else f"{ended.status}, session {ended.session}"


def _spent(ended: Ended) -> str:
    spent = ended.spent
    cost = f", ${spent.dollars:.4f}" if spent.dollars else ""
    steps = f"{spent.steps:,} step{'' if spent.steps == 1 else 's'}"
    return f"{steps}, {spent.tokens:,} tokens{cost}, {spent.seconds:.1f} s"


def _ask(ended: Ended) -> None:
    question = ended.question
    assert question is not None  # noqa: S101  it was looked at
    if question.context:
        _say(f"\n{printable(question.context)}")
    _say(f"\n{printable(question.prompt)}")
    if question.choices:
        _say(f"Answers: {one_line(', '.join(question.choices))}")
    if question.default is not None:
        _say(f"An empty answer is: {one_line(question.default)}")
    if question.timeout_s:
        hours = question.timeout_s / _HOURS
        span = f"{hours:.1f} hours" if hours >= 1 else f"{question.timeout_s:.0f} s"
        _say(f"It is waited for {span}.")
    _say(f'\nGo on with: tradewind run --resume {ended.session} --hitl-response "..."')


def _fail(ended: Ended) -> None:
    if ended.cause is not None:
        kept = keep_traceback(ended.cause, BUILD / "tradewind-error.txt")
        fail(f"{explain(ended.cause)} ({kept})")
    elif ended.status != "interrupted":
        fail(one_line(ended.error, 2000))
    if ended.session is not None and _can_go_on(ended):
        _say(f"Go on with: tradewind run --resume {ended.session}")


def _can_go_on(ended: Ended) -> bool:
    from cli.workflow.kept import SessionUnusable  # noqa: PLC0415

    return ended.exit_code != SessionUnusable.exit_code


def _plain(statistics: Any) -> Any:
    if is_dataclass(statistics) and not isinstance(statistics, type):
        return asdict(statistics)
    if isinstance(statistics, Mapping):
        return dict(statistics)
    return None if statistics is None else str(statistics)


def _say(line: str) -> None:
    click.echo(line, err=True)
