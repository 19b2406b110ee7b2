"""SigV4 for the API, with the caller's profile, environment or role."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from cli.api.aws import NO_CREDENTIALS, aws_failures
from cli.api.texts import one_line
from cli.errors import CommandError, Refused

if TYPE_CHECKING:
    from botocore.credentials import Credentials

#: API Gateway's name in a signature.
SERVICE: Final = "execute-api"
_REGION: Final = re.compile(r"[a-z0-9-]+")


class Signer:
    """Signs requests. Credentials that expire are renewed between two of them."""

    def __init__(self, region: str | None) -> None:
        session = Session()
        with aws_failures("Your AWS credentials cannot be read"):
            credentials: Credentials | None = session.get_credentials()
            where = region or session.get_config_variable("region")
            self.ca_bundle: str | None = session.get_config_variable("ca_bundle")
        if credentials is None:
            raise Refused(NO_CREDENTIALS)
        if where is None:
            raise CommandError(
                "In which AWS region is the API? Its address does not say: set AWS_REGION."
            )
        if _REGION.fullmatch(str(where)) is None:
            raise CommandError(f"{one_line(where, 64)!r} is no AWS region: see AWS_REGION.")
        self._credentials = credentials
        self.region = str(where)

    def sign(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """Return the headers of a request with its signature.

        Raises:
            CommandError: The credentials have expired and cannot be renewed.
        """
        with aws_failures("Your AWS credentials cannot be renewed"):
            frozen = self._credentials.get_frozen_credentials()
        parts = [part for part in frozen if part]
        if not all(part.isascii() and part.isprintable() for part in parts):
            raise Refused(
                "Your AWS credentials have characters that no key has. Were they pasted whole, and "
                "without a line's end?"
            )
        # With the host by name: the signature covers it, port included.
        request = AWSRequest(method, url, {**headers, "Host": urlsplit(url).netloc}, body)
        SigV4Auth(frozen, SERVICE, self.region).add_auth(request)
        return dict(request.headers.items())
