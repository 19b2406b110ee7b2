"""An invocation's files as resources."""

import base64
import re
from contextlib import closing
from typing import Any, Final
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError
from mcp_types import BlobResourceContents, ResourceTemplate, TextResourceContents
from urllib3.exceptions import HTTPError

from tradewind.api import invocations
from tradewind.api.door import Door
from tradewind.api.errors import NotFound
from tradewind.api.http import Request
from tradewind.contracts.errors import AnswerTooLarge, ArtifactNotFound, StorageUnavailable
from tradewind.mcp.tools import of_invocation

#: Bytes of a file: as base64, and in an answer of Lambda's, it is a third longer.
MAX_BYTES: Final = 3_000_000
_URI: Final = re.compile(r"tradewind://invocations/(?P<id>[^/?#]+)/artifacts/(?P<name>[^/?#]+)")
_TEXT: Final = re.compile(r"text/.+|(application|image)/([a-z0-9.-]+\+)?(json|xml)")
#: S3 calls what is not there forbidden, too, for a role that may not list the bucket.
_GONE: Final = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})

TEMPLATE: Final = ResourceTemplate(
    name="artifact",
    uri_template="tradewind://invocations/{id}/artifacts/{name}",
    description="A file that an invocation of yours has left; results of tools link to theirs.",
)


def read_artifact(
    door: Door, request: Request, uri: str
) -> TextResourceContents | BlobResourceContents:
    """Read a file of an invocation of the caller's.

    Raises:
        NotFound: They have no such invocation, or it has left no such file.
        ArtifactNotFound: The file is not there any more.
        AnswerTooLarge: It is larger than an answer may be.
        StorageError: It could not be read.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise NotFound("There is no such resource.")
    invocation = invocations.look(door, of_invocation(request, found["id"])).document
    result: dict[str, Any] = invocation["result"] or {"artifacts": []}
    name = unquote(found["name"])
    artifact = next((one for one in result["artifacts"] if one["name"] == name), None)
    if artifact is None:
        raise NotFound("There is no such file of this invocation.")
    content = _content(door, artifact)
    kind = artifact["content_type"]
    if _TEXT.fullmatch(kind.partition(";")[0].strip().lower()):
        try:
            return TextResourceContents(uri=uri, mime_type=kind, text=content.decode())
        except UnicodeDecodeError:
            pass  # then it is no text
    return BlobResourceContents(uri=uri, mime_type=kind, blob=base64.b64encode(content).decode())


def _content(door: Door, artifact: dict[str, Any]) -> bytes:
    bucket = door.environment.artifacts_bucket
    try:
        found = door.s3.get_object(Bucket=bucket, Key=artifact["key"])
        with closing(found["Body"]) as body:
            content = body.read(MAX_BYTES + 1)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _GONE:
            raise ArtifactNotFound("The file is not there any more.") from error
        raise StorageUnavailable(f"The file could not be read: {code}.") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StorageUnavailable(f"The file could not be read: {type(error).__name__}.") from error
    if len(content) > MAX_BYTES:
        raise AnswerTooLarge(
            f"The file has more than {MAX_BYTES} bytes. The invocation has a link to it, url."
        )
    return content
