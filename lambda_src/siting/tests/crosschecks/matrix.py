"""``docs/siting-crosschecks.md``: every assumption by every later step, as the tests have seen it.

``python -m siting.tests.crosschecks.matrix`` writes it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from siting.tests.crosschecks.cases import Call, Case, Cells, LeftOver, Outcome, Step
from siting.tests.crosschecks.farm import FARM
from siting.tests.crosschecks.land import LAND

MATRIX: Final[Mapping[str, Cells]] = {**LAND, **FARM}
PAGE: Final = Path(__file__).resolve().parents[4] / "docs" / "siting-crosschecks.md"

_DASH: Final = "\N{EN DASH}"
_HEAD: Final = """# What one step assumed, and the next one does about it

<!-- Generated from lambda_src/siting/tests/crosschecks by `make docs`. -->

What an artifact rests on may be contradicted by a later step, or by an earlier one that is done
again. That step then refuses, computes anew, or says so: silence is no outcome. A test makes every
contradiction below and holds each step to what stands here.

A refusal is a tool's error, `TOOL_INPUT_INVALID`: it says what to change or which agent to run
again, and leaves nothing. A dash means that it does not matter; the reason is in the tables that
follow.
"""
_CASES: Final = """
## Case by case

Calls are made on a project with its land, wind, layout and energy, one request after the other; the
last one is the step that is judged. Words in quotes are part of what it says; of what is computed
anew, the figure is named that is another than without the calls before, or their arguments.
"""


def render() -> str:
    """Write the page."""
    return "\n".join(
        (
            _HEAD,
            *_table(("Assumed", *Step), _overview()),
            _CASES.rstrip(),
            *(line for assumption in MATRIX for line in _of(assumption)),
            "",
        )
    )


def _overview() -> Iterator[tuple[str, ...]]:
    for assumption, cells in MATRIX.items():
        yield assumption, *(_outcomes(cells[step]) for step in Step)


def _outcomes(cases: tuple[Case, ...]) -> str:
    seen = dict.fromkeys(one.outcome for one in cases if one.outcome is not Outcome.NO_MATTER)
    return ", ".join(seen) or _DASH


def _of(assumption: str) -> Iterator[str]:
    yield f"\n### {assumption}\n"
    rows = (
        (step, case.outcome, _said(case), _calls(case))
        for step, cases in MATRIX[assumption].items()
        for case in cases
    )
    yield from _table(("Later step", "What it does", "Seen by, or why", "Calls"), rows)


def _said(case: Case) -> str:
    if case.outcome is Outcome.NO_MATTER:
        return case.says
    return f"`{case.says}`" if case.outcome is Outcome.RECOMPUTES else f"“{case.says}”"


def _calls(case: Case) -> str:
    begun = () if case.with_layout else ("land alone",)
    return ", then ".join((*begun, *map(_called, case.calls)))


def _called(one: Call | LeftOver) -> str:
    if isinstance(one, LeftOver):
        return f"`{one.file}` of another run"
    given = ", ".join(f"{name}={value}" for name, value in one.arguments.items())
    return f"`{one.tool}({given})`" + (f" with {one.brings}" if one.brings else "")


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
