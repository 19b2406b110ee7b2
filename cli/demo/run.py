"""The demo from its first step to a folder of results."""

import json
import os
import shutil
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import boto3

from cli.agents import agents, check_example_requests
from cli.cdk import LOCAL_ENV, PROJECT
from cli.cloud import point_boto3_at, start_and_deploy
from cli.console import Steps
from cli.dashboard import local_preview
from cli.demo.chain import Asked, ask_all, refuse_all
from cli.demo.front_door import ask_over_the_api
from cli.demo.front_page import FRONT_PAGE, front_page
from cli.demo.result import AgentResult, Dashboard, DemoResult, File
from cli.errors import CommandError
from devtools.dashboard.browser import BrowserError
from devtools.dashboard.d3 import LibraryMissing
from devtools.dashboard.document import TimeRange
from devtools.dashboard.output import Written, write
from devtools.localcloud import LocalCloud
from devtools.localcloud.bedrock import StandInAdmin
from devtools.localcloud.running import Running
from stacks.names import Output, dashboard_name
from stacks.settings.file import load_settings
from tradewind.contracts.prices import ModelPrices

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: All figures, for programs.
FIGURES: Final = "demo.json"
#: Where the dashboards go, as pages and pictures.
_DASHBOARDS: Final = "dashboards"
#: The stretch of time they show, long enough for any demo.
_SHOWN: Final = timedelta(minutes=15)


def run_demo(steps: Steps, cloud: LocalCloud, out: Path, *, keep: bool) -> DemoResult:
    """Run the demo.

    Args:
        steps: Shows what is going on.
        cloud: The embedded AWS. It is stopped at the end unless ``up`` or ``keep`` had it kept.
        out: An empty folder for the front page, what the agents left, the dashboards and figures.
        keep: Leave the embedded AWS running even so.

    Raises:
        CommandError: A step failed.
    """
    check_example_requests()
    with ExitStack() as cleanup:
        real_model = os.environ.get("TRADEWIND_REAL_BEDROCK") == "1"
        # One that runs and that nobody asked to keep was left behind by a demo that was killed.
        if not keep and not (cloud.status() and cloud.kept):
            cleanup.callback(cloud.down)
        running, outputs = start_and_deploy(steps, cloud)
        if keep:
            cloud.keep()
        point_boto3_at(running)
        return demonstrate(steps, running, outputs, out, real_model=real_model)


def demonstrate(
    steps: Steps, running: Running, outputs: dict[str, str], out: Path, *, real_model: bool
) -> DemoResult:
    """Ask the agents of a deployment, which boto3's environment must point to, and fill ``out``.

    Args:
        steps: Shows what is going on.
        running: The embedded AWS.
        outputs: The stacks' outputs by name.
        out: An empty folder.
        real_model: Whether the real Bedrock answers.

    Raises:
        CommandError: A step failed.
    """
    settings = load_settings(LOCAL_ENV, PROJECT / "config", agents())
    prices = ModelPrices(**settings.model_prices.model_dump())
    admin = StandInAdmin(running.bedrock_admin_url)
    asked = ask_all(steps, admin, outputs)
    refused = refuse_all(steps, admin, outputs)
    ask_over_the_api(steps, running, outputs, settings.runtimes)
    with steps.step("Copy what the agents left") as step:
        s3, bucket = boto3.client("s3"), outputs[Output.ARTIFACTS_BUCKET]
        files = {one.agent: _copy_artifacts(s3, bucket, one, out) for one in asked}
        step.result = f"{sum(map(len, files.values()))} files"
    result = DemoResult(
        made_at=datetime.now(UTC),
        real_model=real_model,
        model=settings.model.id,
        prices_as_of=str(settings.prices.as_of),
        agents=tuple(
            _agent_result(one, files[one.agent], prices, refused[one.agent]) for one in asked
        ),
        dashboards=_draw_dashboards(steps, running, out),
    )
    (out / FIGURES).write_text(json.dumps(result.summary(), indent=2) + "\n", encoding="utf-8")
    (out / FRONT_PAGE).write_text(front_page(result), encoding="utf-8")
    return result


def _agent_result(
    asked: Asked, files: tuple[File, ...], prices: ModelPrices, refused: str
) -> AgentResult:
    cold, warm = asked.cold.answer, asked.warm.answer
    tokens = {
        kind: cold["usage"][f"{kind}_tokens"] + warm["usage"][f"{kind}_tokens"]
        for kind in ("input", "output", "cache_read", "cache_write")
    }
    return AgentResult(
        name=asked.agent,
        description=agents()[asked.agent].description,
        request=asked.event,
        response=warm["response"],
        facts=warm["facts"],
        files=files,
        cold_ms=asked.cold.duration_ms,
        init_ms=cold["performance"]["initTime"],
        warm_ms=asked.warm.duration_ms,
        tcp_connections=asked.tcp_connections,
        tokens=sum(tokens.values()),
        cost_usd=prices.cost_usd(
            input_tokens=tokens["input"],
            output_tokens=tokens["output"],
            cache_read=tokens["cache_read"],
            cache_write=tokens["cache_write"],
        ),
        refused=refused,
    )


def _copy_artifacts(s3: "S3Client", bucket: str, asked: Asked, out: Path) -> tuple[File, ...]:
    """Copy an agent's artifacts to ``out/{agent}/``."""
    folder = out / asked.agent
    folder.mkdir()
    files = []
    for artifact in asked.warm.answer["artifacts"]:
        # It ends in the file's own name; no key leads out of the folder.
        name = PurePosixPath(artifact["key"]).name
        with (folder / name).open("wb") as file:
            shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=artifact["key"])["Body"], file)
        files.append(
            File(name, f"{asked.agent}/{name}", artifact["content_type"], artifact["size_bytes"])
        )
    return tuple(files)


def _draw_dashboards(steps: Steps, running: Running, out: Path) -> tuple[Dashboard, ...]:
    """Write the dashboards, filled from the embedded AWS, as pages and, with a browser, pictures.

    Raises:
        CommandError: A widget cannot work, a page's console reports an error, or the pages' chart
            library is not installed.
    """
    folder = out / _DASHBOARDS
    with steps.step("Draw the dashboards") as step:
        preview = local_preview(running)
        shown = TimeRange.back(_SHOWN, preview.clock())
        try:
            boards = write(folder, preview, time_range=shown)
            step.result = f"{sum(len(written.widgets) for written in boards)} widgets"
        except BrowserError:
            boards = write(folder, preview, time_range=shown, pictures=False)
            step.result = "pages only: no Chromium here to take pictures with"
        except LibraryMissing as error:
            raise CommandError(str(error)) from error
        wrong = [
            f"{written.name}: {what}"
            for written in boards
            for what in (*(widget.title for widget in written.broken), *written.problems)
        ]
        if wrong:
            raise CommandError("These dashboards have something wrong: " + "; ".join(wrong))
    return tuple(_dashboard(written, out) for written in boards)


def _dashboard(written: Written, out: Path) -> Dashboard:
    return Dashboard(
        name=written.name,
        subject=written.name.removeprefix(dashboard_name(LOCAL_ENV, "")),
        page=written.html.relative_to(out).as_posix(),
        pictures={
            picture.stem.rpartition("-")[2]: picture.relative_to(out).as_posix()
            for picture in written.pictures
        },
        widgets=dict(sorted(Counter(widget.state for widget in written.widgets).items())),
    )
