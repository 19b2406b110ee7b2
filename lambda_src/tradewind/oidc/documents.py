"""JSON documents of the issuer, fetched with bounds: it is somebody else's server."""

import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3

from tradewind.oidc.errors import IssuerUnavailable

_LONGEST_BYTES: Final = 262_144
_LONGEST_S: Final = 4.0
_CHUNK_BYTES: Final = 16_384
_OK: Final = 200


class Documents:
    """Fetches documents.

    Args:
        http: A pool; the process's own certificates if none is given.
    """

    def __init__(self, http: urllib3.PoolManager | None = None) -> None:
        self._http = http or urllib3.PoolManager()

    def get(self, url: str) -> dict[str, Any]:
        """Fetch a document. Follows no redirect, and asks once.

        Raises:
            IssuerUnavailable: It cannot be had, is not https, too long, too slow, or no object.
        """
        address = urlsplit(url)
        if address.scheme != "https" or not address.hostname or address.username is not None:
            raise IssuerUnavailable("an address of the issuer is no https address")
        give_up = time.monotonic() + _LONGEST_S
        try:
            answer = self._http.request(
                "GET",
                url,
                headers={"Accept": "application/json"},
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=2, read=2),
            )
            try:
                content = self._read(answer, give_up)
            finally:
                # What is left of it is not worth waiting for.
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise IssuerUnavailable(
                f"the issuer cannot be reached: {type(error).__name__}"
            ) from None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            raise IssuerUnavailable("a document of the issuer is no JSON") from None
        if not isinstance(document, dict):
            raise IssuerUnavailable("a document of the issuer is no JSON object")
        return document

    def _read(self, answer: urllib3.BaseHTTPResponse, give_up: float) -> bytes:
        if answer.status != _OK:
            raise IssuerUnavailable(f"the issuer answers {answer.status}")
        content = b""
        for chunk in answer.stream(_CHUNK_BYTES):
            content += chunk
            if len(content) > _LONGEST_BYTES:
                raise IssuerUnavailable("a document of the issuer is too long")
            if time.monotonic() > give_up:
                raise IssuerUnavailable("a document of the issuer takes too long")
        return content
