"""LangGraph, in an environment of its own: it is asked by lines of JSON, and answers each.

Without a checkpointer. Independent tasks are sent to one node, as its documentation maps over
items; others are nodes with edges. What tasks answer is added to a list of the state.
"""

import json
import operator
import sys
from collections.abc import Awaitable
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bench.workflow.tasks import Answers, Here, Run, Work


class _State(TypedDict):
    topic: str
    answers: Annotated[list[str], operator.add]


def prepare(work: Work, answers: Answers) -> Run:
    """As a compiled graph."""
    builder: Any = StateGraph(_State)
    if work.is_independent:

        async def one(number: int) -> dict[str, Any]:
            return {"answers": [await answers(number)]}

        builder.add_node("task", one)
        builder.add_conditional_edges(
            START, lambda _state: [Send("task", number) for number in range(len(work))], ["task"]
        )
        builder.add_edge("task", END)
    else:
        for number, waits in enumerate(work.waits_for):
            builder.add_node(str(number), _node(number, answers))
            builder.add_edge([str(other) for other in waits] if waits else START, str(number))
    graph = builder.compile()
    config = {"max_concurrency": work.at_once, "recursion_limit": len(work) + 10}

    def run() -> Awaitable[object]:
        done: Awaitable[object] = graph.ainvoke({"topic": "wind", "answers": []}, config)
        return done

    return run


def _node(number: int, answers: Answers) -> Any:
    async def node(_state: _State) -> dict[str, Any]:
        return {"answers": [await answers(number)]}

    return node


def main() -> None:
    """Answer until there are no more questions."""
    side = Here(prepare)
    for line in sys.stdin:
        what, name = json.loads(line)
        sys.stdout.write(json.dumps(getattr(side, what)(name)) + "\n")
        sys.stdout.flush()
    side.close()


if __name__ == "__main__":
    main()
