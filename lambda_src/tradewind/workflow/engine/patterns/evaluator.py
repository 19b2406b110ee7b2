"""Drafts by one agent, scored by another and revised until one is good enough."""

from typing import Any, Final

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.run import Run
from tradewind.workflow.spec.patterns import EvaluatorConfig
from tradewind.workflow.text.json_replies import Evaluation, find_evaluation

#: Where a producer or an evaluator that recurs goes on with its conversation.
_LOOP: Final = "loop"
_STOP: Final = ("stop", "abort", "end")
_PREVIEW: Final = 200
_FORM: Final = 'Reply with a JSON object: {"score": 0-100, "issues": ["..."], "fixes": ["..."]}.'
_EVALUATE: Final = "Evaluate this draft.\n\n{{ draft }}\n\n{% raw %}" + _FORM + "{% endraw %}"
_AGAIN: Final = f"\n\nYour last reply was no such object. {_FORM}"
#: What is added to what an evaluator is asked: the first time, and if its reply was none.
ASKED: Final = ("", _AGAIN)
_REVISE: Final = """\
Revise your draft. It scored {{ evaluation.score }} of 100.

Draft:
{{ draft }}

Issues:
{% for issue in evaluation.issues %}- {{ issue }}
{% else %}- none named
{% endfor %}
Fixes:
{% for fix in evaluation.fixes %}- {{ fix }}
{% else %}- none named
{% endfor %}"""


async def run_evaluator(run: Run, config: EvaluatorConfig) -> Outcome:
    """Write, score and revise."""
    loop = _Loop(run, config)
    await loop.write(None)
    while True:
        evaluation = await loop.evaluate()
        if evaluation.score >= config.accept.min_score:
            break
        if len(loop.iterations) >= config.accept.max_iters:
            scores = ", ".join(f"{one['score']:g}" for one in loop.iterations)
            raise run.failed(
                f"no draft reached a score of {config.accept.min_score:g} in "
                f"{config.accept.max_iters} evaluations: {scores}"
            )
        if loop.is_stopped():
            break
        await loop.write(config.revise_prompt or _REVISE)
    return loop.outcome()


class _Loop:
    def __init__(self, run: Run, config: EvaluatorConfig) -> None:
        self._run = run
        self._config = config
        self._names = run.names()
        self.iterations: list[dict[str, Any]] = []

    async def write(self, source: str | None) -> None:
        """Write a draft."""
        names = dict(self._names)
        if self.iterations:
            last = self.iterations[-1]
            names |= {"iteration": last["iteration"], "evaluation": last["evaluation"]}
        done = await self._run.agent(
            f"drafts/{len(self.iterations) + 1}",
            self._config.producer,
            source,
            names,
            scope=_LOOP,
        )
        draft = done["response"]
        self._names |= {"draft": draft, "producer_response": draft, "last_response": draft}

    async def evaluate(self) -> Evaluation:
        """Score the draft; a reply that is no evaluation is asked for once more."""
        evaluator = self._config.evaluator
        number = len(self.iterations) + 1
        for attempt, more in enumerate(ASKED):
            done = await self._run.agent(
                f"evaluations/{number}/{attempt}",
                evaluator.agent,
                evaluator.input or _EVALUATE,
                self._names,
                scope=_LOOP,
                more=more,
            )
            evaluation = find_evaluation(done["response"])
            if evaluation is not None:
                self._note(number, evaluation)
                return evaluation
        raise self._run.failed(
            f"the evaluator's replies to draft {number} were no evaluations",
            unusable=f"evaluations/{number}",
        )

    def _note(self, number: int, evaluation: Evaluation) -> None:
        draft = self._names["draft"]
        self.iterations.append(
            {
                "iteration": number,
                "score": evaluation.score,
                "issues": evaluation.reply["issues"],
                "fixes": evaluation.reply["fixes"],
                "draft": draft,
                "draft_preview": draft[:_PREVIEW],
                "evaluation": evaluation.reply,
            }
        )

    def is_stopped(self) -> bool:
        """Whether a person wants no further revision."""
        gate = self._config.review_gate
        if gate is None:
            return False
        names = {
            **self._names,
            "iteration_index": len(self.iterations) - 1,
            "iterations": self.iterations,
            "current_draft": self._names["draft"],
            "current_evaluation": self.iterations[-1]["evaluation"],
        }
        answer = self._run.person(f"gates/{len(self.iterations)}", gate, names)["response"]
        self._names["hitl_response"] = answer
        return answer.strip().lower() in _STOP

    def outcome(self) -> Outcome:
        """The last draft."""
        last, accept = self.iterations[-1], self._config.accept
        names = {
            **self._names,
            "iterations": len(self.iterations),
            "iteration": last["iteration"],
            "evaluation": last["evaluation"],
            "last_evaluation": last["evaluation"],
            "final_score": last["score"],
            "min_score": accept.min_score,
            "max_iters": accept.max_iters,
            "history": self.iterations,
            "iteration_index": len(self.iterations) - 1,
            "current_draft": self._names["draft"],
            "current_evaluation": last["evaluation"],
        }
        return Outcome(self._names["draft"], names)
