"""The ``tradewind`` command: its parts, and how it ends."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from cli.cloud import BUILD
from cli.commands.agent import agent
from cli.commands.alarms import alarms
from cli.commands.answer import answer
from cli.commands.bundles import bundles
from cli.commands.call import call
from cli.commands.caller import caller
from cli.commands.cloud import demo, down, status, up
from cli.commands.contract import contract
from cli.commands.dashboard import dashboard
from cli.commands.deploy import deploy, destroy
from cli.commands.durable import durable
from cli.commands.iam import iam
from cli.commands.invocations import budget, cancel, conversations, models, reply
from cli.commands.invoke import invoke
from cli.commands.logs import logs
from cli.commands.mcp import mcp
from cli.commands.profiles import profiles
from cli.commands.run import run
from cli.commands.sessions import sessions
from cli.commands.support import doctor, list_supported, list_tools, version
from cli.commands.trace import trace
from cli.commands.versions import rollback, versions
from cli.commands.workflow import explain as explain_workflow
from cli.commands.workflow import plan, validate
from cli.errors import CommandError, StillRunning, explain, fail, keep_traceback
from devtools.localcloud import LocalCloudError

_FAILED = 1
_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tradewind() -> None:
    """Run Tradewind, on this machine or in an account, and talk to its agents.

    \b
    First time:     tradewind demo
    To work with:   tradewind up, tradewind call AGENT "...", tradewind down
    In an account:  tradewind deploy ENV, tradewind call AGENT "..." --env ENV
    Workflows:      tradewind validate FILE, tradewind run FILE --var KEY=VALUE, tradewind doctor

    \b
    Your account:   AWS_PROFILE, or keys in the environment, as for other AWS tools;
                    the region is AWS_REGION, then AWS_DEFAULT_REGION, then the profile's

    \b
    Exit status: 0 done
                 1 failed: the agent, the command, or what was asked for
                 2 wrong usage
                 3 the API gave no whole answer, or cannot be reached
                 4 the invocation is at work, or waits for a person
                 5 refused: no access, no budget, or too much at once
                 130 interrupted
                 Those of workflows: tradewind validate --help, tradewind run --help
    """  # noqa: D301  click reads the \b


for _command in (
    *(demo, up, down, call, status, cancel, reply, conversations, models, budget, logs, mcp),
    *(deploy, destroy, versions, rollback, bundles, profiles, iam, caller),
    *(invoke, answer, dashboard, alarms, contract, agent),
    *(validate, explain_workflow, plan, run, sessions, trace, durable),
    *(list_tools, list_supported, doctor, version),
):
    tradewind.add_command(_command)


def main() -> None:
    """Run the command; failures are one message and a status, not a traceback."""
    # Asked to end politely, it cleans up as after Ctrl-C; also where that was switched off for it.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _interrupt)
    if region := os.environ.get("AWS_REGION"):
        # AWS's own command line and its other SDKs read it first, and botocore not at all.
        os.environ["AWS_DEFAULT_REGION"] = region
    try:
        status = tradewind(prog_name="tradewind", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        fail("Interrupted.")
        status = _INTERRUPTED
    except StillRunning as still:
        click.echo(str(still), err=True)
        status = still.status
    except CommandError as error:
        fail(str(error))
        status = error.status
    except LocalCloudError as error:
        fail(str(error))
        status = _FAILED
    except Exception as error:  # a full disk, a broken connection: nobody can list them
        kept = keep_traceback(error, BUILD / "tradewind-error.txt")
        fail(f"{explain(error)} ({kept})")
        status = _FAILED
    sys.exit(status)


def _interrupt(_sign: int, _frame: FrameType | None) -> NoReturn:
    # Once: what is cleaned up now must not be cut short, and takes seconds at most.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
