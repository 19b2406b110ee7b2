"""``docs/faults.md``: what becomes of each fault, behind each door, as the tests hold it.

``python -m tests.integration.faults.page`` writes it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.integration.faults.expectations import EXPECTED, Cell, Door, Expected, Operation
from tradewind.bedrock.retry import MAX_ATTEMPTS

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "faults.md"
_WHEN: Final = {
    "before": "before the answer",
    "answer": "in the answer",
    "after": "on the idle connection",
}

_HEAD: Final = f"""\
<!-- Generated from tests/integration/faults by `make docs`. -->

# Faults of the model, one by one

What becomes of a request whose model calls meet a fault: the right answer, or one typed error.
"Sends" says how often the call goes out that meets it, as the server counts; "once" is a fault that
passes after one call, "for good" one that stays. Every row is a test for each way to ask and each
door (`tests/integration/faults`), and in each of them

- no tool runs twice: a request that calls a tool meets its fault behind the tool's result;
- there is no success without a word;
- the answer, the record, the log line and the metrics `Errors`, `ModelCalls`, `ModelErrors`,
  `ModelRetries` and `ModelThrottles` say the same, and `ModelCalls` is what was sent.

A call that another one may mend is sent {MAX_ATTEMPTS} times at most. A workflow's step is repeated
by the workflow, as its file says ({MAX_ATTEMPTS - 1} `retries` in the tests), and also after a
silence. Behind the API and on AgentCore an agent ends as it does by itself: one row for each fault
is tried there.

The calls are ConverseStream. Of a model on Strands that is told not to stream they are Converse,
and the last column says whether it meets the fault; PydanticAI's are always streamed.

| Fault | When | Agents: once | Agents: for good | Workflow: once | Workflow: for good | Converse |
|---|---|---|---|---|---|---|
"""


def render() -> str:
    """The page as it has to be now."""
    return _HEAD + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for expected in EXPECTED.values():
        kind = expected.fault.kind
        name = f"`{kind}`" + (f": {expected.note}" if expected.note else "")
        cells = [name, _WHEN[expected.fault.phase]]
        for door in (Door.CREW, Door.WORKFLOW):
            for lasting in (False, True):
                cells.append(_ended(expected, Cell(kind, Operation.STREAM, door, lasting)))
        cells.append("the same" if expected.met_by_converse else "never met")
        yield f"| {' | '.join(cells)} |"


def _ended(expected: Expected, cell: Cell) -> str:
    if expected.on_idle and cell.lasting:
        return ""
    sends = cell.faulty_calls + (cell.code is None)
    ended = "right answer" if cell.code is None else f"`{cell.code}`"
    return f"{ended}, {sends} {'send' if sends == 1 else 'sends'}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
