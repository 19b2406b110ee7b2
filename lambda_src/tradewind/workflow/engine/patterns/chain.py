"""Steps in order; the last response is the result."""

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.steps import run_steps
from tradewind.workflow.engine.run import Run
from tradewind.workflow.spec.patterns import ChainConfig


async def run_chain(run: Run, config: ChainConfig) -> Outcome:
    """Run a chain."""
    names = run.names()
    records = await run_steps(run, "steps", config.steps, names)
    return Outcome(records[-1]["response"], names)
