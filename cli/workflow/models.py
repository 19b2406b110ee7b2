"""The models that a run on this machine asks: the embedded AWS's, or the user's account's."""

import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tradewind.workflow.engine.calls import Agents
from tradewind.workflow.engine.errors import RunFailed, Unsupported

if TYPE_CHECKING:
    from devtools.localcloud import Running
    from tradewind.workflow.spec.loader import Loaded
    from tradewind.workflow.spec.model import Spec
    from tradewind.workflow_agents.tools import Consent

#: Those that have prices.
_SETTINGS: Final = "dev.yaml"
#: What Strands' own tools read.
_CONSENT: Final = {"BYPASS_TOOL_CONSENT": "true"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run has around it.

    Attributes:
        environ: Its variables.
        models: Where its models are, for whoever looks on; empty if nobody need know.
    """

    environ: Mapping[str, str] = field(repr=False)
    models: str = ""


def surroundings(spec: "Spec", *, consent: bool) -> Surroundings:
    """Where a workflow's models are. From here on, AWS's clients of this process go there.

    With credentials of an account, Bedrock is the account's. Without any, it is the embedded AWS's,
    where one runs on this machine.

    Raises:
        Unsupported: Bedrock is asked, and nobody's models can be.
    """
    environ = {**os.environ, **(_CONSENT if consent else {})}
    if not _uses_bedrock(spec):
        return Surroundings(environ)
    environ = {**_prices(spec), **environ}
    if has_credentials():
        return Surroundings(environ)
    running = embedded()
    if running is None:
        if not has_credentials(of_the_machine=True):
            raise Unsupported(
                "bedrock: no AWS credentials; set AWS_PROFILE or keys, or start the embedded AWS "
                "by `tradewind up`"
            )
        return Surroundings(environ)
    from cli.cloud import point_boto3_at  # noqa: PLC0415  not for those who need no cloud

    point_boto3_at(running)
    return Surroundings(
        {**environ, **running.environment()}, "models are the embedded AWS's, which are scripted"
    )


@asynccontextmanager
async def open_models(
    loaded: "Loaded", run_id: str, environ: Mapping[str, str], allow: "Consent | None" = None
) -> AsyncIterator[tuple[Agents, Any]]:
    """The agents of a run; all that is opened for them is closed at the end.

    Args:
        loaded: The workflow.
        run_id: Of the run.
        environ: Its variables.
        allow: Asked before a tool runs a program or changes a file; None where nobody can be.

    Yields:
        The agents, and what tells how often they were found ready.

    Raises:
        WorkflowError: They cannot be opened.
    """
    from tradewind.workflow_agents.agents import open_agents  # noqa: PLC0415  with the frameworks

    named = _named(loaded) if loaded.named else None
    with _logs_aside(environ):
        async with open_agents(
            loaded,
            run_id=run_id,
            environ=environ,
            files_root=loaded.folder,
            named=named,
            allow=allow,
        ) as agents:
            yield agents, agents.statistics


def _named(loaded: "Loaded") -> Any:
    """The agents that are asked by name.

    Raises:
        RunFailed: They cannot be reached; the message says what to do.
    """
    from cli.workflow.named_agents import NotDeployed, open_named  # noqa: PLC0415  with botocore

    assert loaded.spec is not None  # noqa: S101  it was checked
    project_id = loaded.values.get("project_id")
    try:
        return open_named(
            loaded.named,
            project_id=project_id if isinstance(project_id, str) else None,
            max_parallel=loaded.spec.runtime.max_parallel,
        )
    except NotDeployed as failed:
        raise RunFailed(" ".join(str(failed).split())) from failed


@contextmanager
def _logs_aside(environ: Mapping[str, str]) -> Iterator[None]:
    """Have a function's log on standard error, and of it only what is asked for."""
    from tradewind.telemetry.logger import get_logger  # noqa: PLC0415  slow to load

    logger = logging.getLogger(get_logger().service)
    handlers = [one for one in logger.handlers if isinstance(one, logging.StreamHandler)]
    before = logger.level, [one.stream for one in handlers]
    logger.setLevel(environ.get("POWERTOOLS_LOG_LEVEL") or "ERROR")
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        for handler, stream in zip(handlers, before[1], strict=True):
            handler.setStream(stream)


def _uses_bedrock(spec: "Spec") -> bool:
    # Agents that are asked by name have models of their own, wherever they are.
    return any((one.provider or spec.runtime.provider) == "bedrock" for one in spec.agents.values())


def _prices(spec: "Spec") -> dict[str, str]:
    """What the runtime's model costs, as a function is told; empty where no settings say it."""
    import yaml  # noqa: PLC0415  read already, with the workflow

    from cli.cdk import PROJECT  # noqa: PLC0415
    from tradewind.contracts.names import EnvVar, OptionalEnvVar  # noqa: PLC0415

    settings = yaml.safe_load((PROJECT / "config" / _SETTINGS).read_text(encoding="utf-8"))
    model = spec.runtime.model_id
    prices = settings.get("prices", {}).get("usd_per_million_tokens", {}).get(model)
    if model is None or prices is None:
        return {}
    return {EnvVar.MODEL_ID: model, OptionalEnvVar.MODEL_PRICES: json.dumps(prices)}


def has_credentials(*, of_the_machine: bool = False) -> bool:
    """Whether AWS credentials are to be had.

    Args:
        of_the_machine: Also those of its own role. Asking for them takes seconds elsewhere.

    Raises:
        Unsupported: They are not as they must be, such as a profile that is not there.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  slow to load
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    try:
        if not of_the_machine:
            session.get_component("credential_provider").remove("iam-role")
        return session.get_credentials() is not None
    except BotoCoreError as error:
        raise Unsupported(f"bedrock: AWS credentials: {error}") from None


def embedded() -> "Running | None":
    """The embedded AWS, if it runs on this machine."""
    from devtools.localcloud import HOME, LocalCloud  # noqa: PLC0415  not for those without

    return LocalCloud(HOME).status()
