"""Running one agent on one request, to its end or to its deadline."""

import asyncio

from tradewind.bedrock.calls import closing_streams
from tradewind.bedrock.faults import to_model_error
from tradewind.contracts.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    InternalError,
    ModelFailed,
    StorageError,
    TradewindError,
    causes_of,
)
from tradewind.run.agent_run import AgentRun
from tradewind.run.definition import AgentDefinition
from tradewind.telemetry.defects import log_defect


def run_to_its_end(definition: AgentDefinition, run: AgentRun) -> None:
    """Let an agent answer in threads of its own, and return in time whatever it does.

    See ``run_agent``, which this waits for. What has not ended by then keeps its thread;
    ``run.threads`` tells.

    Raises:
        TradewindError: The model, the storage or a tool failed for good.
    """
    grace_s = run.deadline.grace_s
    try:
        # One grace for a tool or a model read to notice its end, one for the loop to say so.
        run.threads.run(run_agent(definition, run), run.deadline.remaining_s() + 2 * grace_s)
    except TradewindError:
        raise
    except TimeoutError:  # a coroutine blocks its loop, which can end nothing any more
        run.stopped = True
        run.text = run.transcript.everything
    except Exception as error:
        raise _typed(error) from error
    finally:
        run.stop.set()
        run.project.close()
        run.threads.end()


async def run_agent(definition: AgentDefinition, run: AgentRun) -> None:
    """Let an agent answer; its text is in ``run`` then, also what there was of it when it failed.

    At the deadline the model call in flight is cancelled and the run ends with what it has. A tool
    that does not return by then is left behind: its thread goes on, but the project takes nothing
    more from it.

    Raises:
        TradewindError: The model, the storage or a tool failed for good.
    """
    project = run.project
    asyncio.get_running_loop().set_default_executor(run.threads.loop_default)
    if not run.deadline.remaining_s():
        project.close()
        run.stopped = True
        return
    timer = asyncio.get_running_loop().call_later(run.deadline.remaining_s(), run.stop.set)
    try:
        with closing_streams():
            async with asyncio.timeout(run.deadline.remaining_s() + run.deadline.grace_s) as limit:
                await definition.answer(run)
    except Exception as error:
        # A call to AWS may see the end of its time a moment before the timer here does.
        run.stopped = (isinstance(error, TimeoutError) and limit.expired()) or any(
            isinstance(cause, DeadlineExceeded) for cause in causes_of(error)
        )
        if project.failure is None and not run.stopped:
            raise _typed(error) from error
    finally:
        run.stop.set()  # whatever goes on after this goes on for nobody
        timer.cancel()
        project.close()
        run.text = run.transcript.everything  # what there is, however the run ended
    if isinstance(project.failure, DeadlineExceeded):
        run.stopped = True
    elif project.failure is not None:
        raise project.failure
    if run.stopped:
        return
    if not run.transcript.last_message:
        raise ModelFailed("The model ended its turn without a word.")
    run.text = run.transcript.last_message


def _typed(error: Exception) -> TradewindError:
    if isinstance(error, TradewindError) and not isinstance(error, InternalError):
        return error
    for cause in causes_of(error):
        if isinstance(cause, BudgetExceeded | StorageError):
            return cause  # no model was asked, for want of money or of knowing what is left
    fault = to_model_error(error)
    if fault is not None:
        return fault
    log_defect("The agent's run ended unexpectedly", error)
    if isinstance(error, InternalError):
        return error
    return InternalError("An unexpected error ended the agent's run; the log has it.")
