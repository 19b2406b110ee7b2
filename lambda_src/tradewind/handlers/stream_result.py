"""What the last event of a stream holds: the invocation, as the API shows it."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tradewind.api.models import ErrorShown, Invocation, LinkedArtifact, Result, State, UsageShown
from tradewind.contracts.errors import Cancelled, DeadlineExceeded
from tradewind.handlers.served import Outcome
from tradewind.handlers.stream_event import StreamRequest
from tradewind.records.item import iso

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Signs a link to an artifact; returns it, and when it expires.
Link = Callable[[str], tuple[str, str]]

_LINK_LIFE_S: Final = 15 * 60

_STATES: Mapping[str, State] = {
    DeadlineExceeded.code: State.TIMED_OUT,
    Cancelled.code: State.CANCELLED,
}


def link_to(client: "S3Client", bucket: str, key: str) -> tuple[str, str]:
    """Sign a link to an artifact. Nothing is sent for it."""
    url = client.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=_LINK_LIFE_S
    )
    return url, iso(time.time() + _LINK_LIFE_S)


def result_of(request: StreamRequest, outcome: Outcome, *, link: Link) -> Mapping[str, Any]:
    """Show a request that has ended."""
    answer = outcome.document
    error = answer["error"]
    finished = time.time()
    began = iso(finished - answer["performance"]["executionTime"] / 1000)
    usage = {name: answer["usage"].get(name) for name in UsageShown.model_fields}
    shown = Invocation(
        id=request.invocation_id,
        agent=answer["agent"],
        state=State.SUCCEEDED if error is None else _STATES.get(error["code"], State.FAILED),
        session_id=request.session_id,
        project_id=answer["project_id"],
        created_at=began,
        started_at=began,
        finished_at=iso(finished),
        progress=None,
        question=None,
        result=Result(
            response=answer["response"],
            output=answer.get("output"),
            artifacts=[_linked(artifact, link) for artifact in answer["artifacts"]],
            facts=answer["facts"],
        ),
        error=None if error is None else ErrorShown(**error),
        usage=UsageShown(**usage),
    )
    return shown.model_dump(mode="json")


def _linked(artifact: Mapping[str, Any], link: Link) -> LinkedArtifact:
    url, expires_at = link(artifact["key"])
    return LinkedArtifact(
        name=artifact["key"].split("/", 2)[2], url=url, url_expires_at=expires_at, **artifact
    )
