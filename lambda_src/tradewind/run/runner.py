"""Running one agent on one request, to its end or to its deadline."""

import asyncio
import contextlib
import json

from tradewind.bedrock.calls import closing_streams
from tradewind.bedrock.faults import to_model_error
from tradewind.contracts.errors import (
    BudgetExceeded,
    Cancelled,
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
        TradewindError: The model, the storage or a tool failed for good, or the run was cancelled.
    """
    # One grace for a tool or a model read to notice its end, one for the loop to say so.
    graces_s = 2 * run.deadline.grace_s
    try:
        with run.cancellation.ending(lambda: run.threads.hurry(graces_s)):
            run.threads.run(run_agent(definition, run), run.deadline.remaining_s() + graces_s)
    except TradewindError:
        raise
    except TimeoutError:  # a coroutine blocks its loop, which can end nothing any more
        run.text = run.transcript.everything
        if run.cancellation.run_over():
            raise _cancelled() from None
        run.stopped = True
    except Exception as error:
        raise _typed(error) from error
    finally:
        run.stop.set()
        run.project.close()
        run.threads.end()


async def run_agent(definition: AgentDefinition, run: AgentRun) -> None:
    """Let an agent answer; its text is in ``run`` then, also what there was of it when it failed.

    At the deadline, and when the run is cancelled, the model call in flight is cancelled and the
    run ends with what it has. A tool that does not return by then is left behind: its thread goes
    on, but the project takes nothing more from it.

    Raises:
        TradewindError: The model, the storage or a tool failed for good, or the run was cancelled.
    """
    project = run.project
    asyncio.get_running_loop().set_default_executor(run.threads.loop_default)
    failure: Exception | None = None
    if not run.deadline.remaining_s():
        run.stopped = True
    elif not run.cancellation.requested:
        timer = asyncio.get_running_loop().call_later(run.deadline.remaining_s(), run.stop.set)
        try:
            with closing_streams():
                await _answer(definition, run)
        except Exception as error:
            failure = error
        finally:
            timer.cancel()
            _end(run)
    _end(run)
    if run.cancellation.run_over():
        run.stopped = False  # it was not the deadline
        raise _cancelled() from failure
    if failure is not None:
        # A call to AWS may see the end of its time a moment before the timer here does.
        run.stopped = any(isinstance(cause, DeadlineExceeded) for cause in causes_of(failure))
        if project.failure is None and not run.stopped:
            raise _typed(failure) from failure
    if isinstance(project.failure, DeadlineExceeded):
        run.stopped = True
    elif project.failure is not None:
        raise project.failure
    if run.stopped or run.pause is not None:
        return
    if run.output is not None:  # what the model says beside it is about giving it
        run.text = json.dumps(run.output.value, ensure_ascii=False)
        return
    if not run.transcript.last_message:
        raise ModelFailed("The model ended its turn without a word.")
    run.text = run.transcript.last_message


async def _answer(definition: AgentDefinition, run: AgentRun) -> None:
    """Let the agent answer until the deadline and a grace, or until the run is cancelled."""
    loop = asyncio.get_running_loop()
    answering = loop.create_task(definition.answer(run))

    def end() -> None:
        run.stop.set()
        with contextlib.suppress(RuntimeError):  # the loop has just ended
            loop.call_soon_threadsafe(answering.cancel)

    try:
        with run.cancellation.ending(end):
            async with asyncio.timeout(run.deadline.remaining_s() + run.deadline.grace_s) as limit:
                await answering
    except TimeoutError:
        if not limit.expired():
            raise
        run.stopped = True
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if not run.cancellation.requested or (own is not None and own.cancelling()):
            raise


def _end(run: AgentRun) -> None:
    run.stop.set()  # whatever goes on after this goes on for nobody
    run.project.close()
    run.text = run.transcript.everything  # what there is, however the run ended


def _cancelled() -> Cancelled:
    return Cancelled("The request was cancelled. The response is what there was of it.")


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
