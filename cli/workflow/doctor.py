"""What a run needs of this machine: whether it is there, and what to do if not.

Nothing secret is printed, and nothing is called that costs money.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cli.cdk import CDK, PROJECT
from cli.workflow.sessions import data_folder
from cli.workflow.support import KEYS
from tradewind.workflow.engine.errors import Unsupported

if TYPE_CHECKING:
    from devtools.localcloud import Running

State = Literal["ok", "absent", "failed"]
_OLDEST: Final = (3, 11)
_PACKAGES: Final = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google.genai",
    "ollama": "ollama",
}
_LIMIT_S: Final = 30
_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        what: Was looked at.
        state: ok; absent, which only some workflows mind; or failed, which all do.
        found: In a word or two.
        do: What to do about it; empty if nothing.
    """

    what: str
    state: State
    found: str
    do: str = ""


def examined(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything; one fault hides no other."""
    checks: tuple[Callable[[Mapping[str, str]], Iterator[Finding]], ...] = (
        _python,
        _data,
        _keys,
        _packages,
        _aws,
        _node,
    )
    for check in checks:
        yield from check(environ)


def _python(_environ: Mapping[str, str]) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info[:2] >= _OLDEST
    yield Finding("Python", "ok" if fine else "failed", version, "" if fine else "make setup")


def _data(environ: Mapping[str, str]) -> Iterator[Finding]:
    folder = data_folder(environ)
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            yield Finding("sessions", "ok", f"{folder} can be written to")
    except OSError as error:
        todo = "set XDG_DATA_HOME to a folder of yours, or run with --no-save-session"
        yield Finding("sessions", "failed", f"{folder}: {error.strerror}", todo)


def _keys(environ: Mapping[str, str]) -> Iterator[Finding]:
    for provider, names in KEYS.items():
        present = [name for name in names if environ.get(name)]
        what = f"{provider} key"
        if present:
            yield Finding(what, "ok", f"{present[0]} is set")
        else:
            todo = f"for workflows on {provider}: export {' or '.join(names)}"
            yield Finding(what, "absent", "not set", todo)


def _packages(_environ: Mapping[str, str]) -> Iterator[Finding]:
    for provider, package in _PACKAGES.items():
        there = False
        with suppress(ModuleNotFoundError):
            there = find_spec(package) is not None
        if there:
            yield Finding(f"{provider} package", "ok", package)
        else:
            todo = f"for workflows on {provider}: "
            todo += "pip install -r lambda_src/requirements/workflow-providers.txt"
            yield Finding(f"{provider} package", "absent", "not installed", todo)


def _aws(_environ: Mapping[str, str]) -> Iterator[Finding]:
    from cli.workflow.models import embedded, has_credentials  # noqa: PLC0415  slow to load

    running, own, fault = embedded(), False, "none"
    try:
        own = has_credentials()
    except Unsupported as wrong:
        fault = str(wrong)
    if running is not None:
        yield Finding("embedded AWS", "ok", f"runs at {running.endpoint_url}")
    else:
        todo = "to try workflows without an account: tradewind up"
        yield Finding("embedded AWS", "absent", "does not run", todo)
    if own:
        yield Finding("AWS credentials", "ok", "found")
    else:
        todo = "for Bedrock in your account: aws configure, or AWS_PROFILE"
        yield Finding("AWS credentials", "absent", fault, todo)
    if own or running is not None:
        # As a run does: the account's, where there is one.
        yield _bedrock({} if own or running is None else _client_of(running))
    else:
        yield Finding("Bedrock's models", "absent", "nobody to ask", "see above")


def _client_of(running: "Running") -> dict[str, str]:
    return {
        "endpoint_url": running.bedrock_endpoint_url,
        "region_name": running.region,
        "aws_access_key_id": running.access_key,
        "aws_secret_access_key": running.secret_key,
        "verify": running.ca_bundle,
    }


def _bedrock(where: Mapping[str, str]) -> Finding:
    import boto3  # noqa: PLC0415  slow to load
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1})
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _REGION
    try:
        client: Any = boto3.client(  # type: ignore[call-overload]
            "bedrock", config=config, **{"region_name": region, **where}
        )
        found = client.list_foundation_models()["modelSummaries"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        todo = "the user or role needs bedrock:ListFoundationModels and bedrock:InvokeModel"
        return Finding("Bedrock's models", "absent", f"refused: {code}", todo)
    except BotoCoreError as error:
        todo = "is the region right, and is there a way to it (proxy)?"
        return Finding("Bedrock's models", "absent", type(error).__name__, todo)
    return Finding("Bedrock's models", "ok", f"{len(found)} listed in {region}")


def _node(_environ: Mapping[str, str]) -> Iterator[Finding]:
    todo = "to deploy: make setup"
    yield _version("CDK", [str(CDK), "--version"], todo)
    node = Path(sys.executable).parent / "node"
    yield _version("Node", [str(node), "--version"], todo)


def _version(what: str, command: list[str], todo: str) -> Finding:
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "HOME": os.environ.get("HOME", str(PROJECT)),
    }
    try:
        done = subprocess.run(  # noqa: S603  our own pinned programs
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return Finding(what, "absent", "not found", todo)
    return Finding(what, "ok", done.stdout.split("\n")[0].split(" ")[0])
