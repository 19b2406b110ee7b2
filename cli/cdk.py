"""Running the real CDK command line against the embedded AWS."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.errors import CommandError
from devtools.localcloud.running import Running
from scripts.environment import for_packages, with_home

if TYPE_CHECKING:
    from cli.console import Step

PROJECT: Final = Path(__file__).resolve().parent.parent
#: The environment in ``config/`` that is deployed into the embedded AWS.
LOCAL_ENV: Final = "local"
#: Where a deployment writes the stacks' outputs, in the folder it is given.
OUTPUTS_FILE: Final = "outputs.json"
#: Where that environment is synthesized to.
LOCAL_ASSEMBLY: Final = PROJECT / ".build/cdk.out.local"
#: The CDK command line.
CDK: Final = PROJECT / "node_modules/.bin/cdk"
_TAIL_LINES: Final = 40
_END_LIMIT_S: Final = 5


def bootstrap(running: Running, step: "Step") -> None:
    """Prepare the embedded account for CDK deployments. Changes nothing when it is prepared.

    Raises:
        CommandError: The CDK command line failed; the message ends with what it printed.
    """
    # From a folder without a cdk.json: the app is not needed, and would build its bundles first.
    with tempfile.TemporaryDirectory() as elsewhere:
        command = ["bootstrap", f"aws://{running.account_id}/{running.region}"]
        _run(command, running, step, Path(elsewhere))


def deploy(running: Running, step: "Step", out: Path) -> dict[str, str]:
    """Deploy every stack of the app.

    Args:
        running: Where to.
        step: Told what the deployment is at.
        out: A folder for the stacks' outputs, as ``outputs.json``.

    Returns:
        The outputs of all stacks, by name.

    Raises:
        CommandError: The CDK command line failed; the message ends with what it printed.
    """
    out.mkdir(parents=True, exist_ok=True)
    outputs_file = out / OUTPUTS_FILE
    _run(
        [
            "deploy",
            "--all",
            "--require-approval=never",
            "--concurrency=2",
            "--progress=events",
            f"--context=env={LOCAL_ENV}",
            f"--output={emptied(LOCAL_ASSEMBLY)}",
            f"--outputs-file={outputs_file}",
        ],
        running,
        step,
        PROJECT,
    )
    return read_outputs(out)


def emptied(assembly: Path) -> Path:
    """Return a folder to synthesize to, in which nothing is left of earlier times.

    The CDK removes nothing: each change of a bundle would leave another one there, for ever.
    """
    shutil.rmtree(assembly, ignore_errors=True)
    return assembly


def read_outputs(out: Path) -> dict[str, str]:
    """Return what a deployment wrote to ``outputs.json`` in ``out``: all stacks' outputs, by name.

    Raises:
        FileNotFoundError: No deployment did.
    """
    stacks: dict[str, dict[str, str]] = json.loads((out / OUTPUTS_FILE).read_text())
    return {name: value for outputs in stacks.values() for name, value in outputs.items()}


def _run(arguments: list[str], running: Running, step: "Step", folder: Path) -> None:
    if not CDK.exists():
        raise CommandError("The CDK command line is not installed; `make setup` installs it.")
    lines: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="tradewind-home-") as home,
        subprocess.Popen(  # noqa: S603  our own pinned CLI
            [str(CDK), *arguments, "--no-notices", "--ci", "--no-color"],
            cwd=folder,
            env=_environment(running, Path(home)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own: Ctrl-C in a terminal and a signal to this process alone end alike.
            process_group=0,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                if line.strip():
                    lines.append(line.rstrip())
                    step.note = line.strip()
            status = process.wait()
        except BaseException:
            end_group(process)
            raise
    if status != 0:
        tail = "\n".join(lines[-_TAIL_LINES:])
        raise CommandError(f"`cdk {arguments[0]}` failed with status {status}:\n{tail}")


def end_group(process: "subprocess.Popen[Any]") -> None:
    """End the CDK with the app that it runs, and uv in that: ask, then insist."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_LIMIT_S)


def _environment(running: Running, home: Path) -> dict[str, str]:
    """What the CDK's process gets: the way to ``running``, and what building bundles needs."""
    return {
        # No ~/.cdk.json, whose profile and context would count as if they were asked for.
        **with_home(for_packages(), home),
        **running.environment(),
        # The app and the CDK's Node come from this very environment.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "NO_COLOR": "1",
    }
