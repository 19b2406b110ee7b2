"""What goes wrong on the way to the caller's AWS account, each in a line with what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cli.api.texts import one_line
from cli.errors import CommandError, Refused, Unreachable

NO_CREDENTIALS: Final = (
    "There are no AWS credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or sign in: `aws sso login`."
)
_NO_REGION: Final = "Which AWS region? Set AWS_REGION, or region in your profile."
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException"}
)


@contextmanager
def aws_failures(what: str) -> Iterator[None]:
    """Say of a failed AWS call what it was for, and what to do next.

    Args:
        what: The first words of the message, such as ``The stack X cannot be looked up``.

    Raises:
        CommandError: In place of what botocore raised.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise Refused(NO_CREDENTIALS) from error
    except NoRegionError as error:
        raise CommandError(_NO_REGION) from error
    except ProfileNotFound as error:
        raise CommandError(f"{error}. `aws configure list-profiles` lists yours.") from error
    except ConfigParseError as error:
        raise CommandError(f"{what}: {one_line(error)}") from error
    except (SSOError, TokenRetrievalError) as error:
        raise Refused(f"Your AWS sign-in is over: `aws sso login` renews it. ({error})") from error
    except ClientError as error:
        raise _of_service(what, error) from error
    except EndpointConnectionError as error:
        raise Unreachable(f"{what}: {one_line(error)} Is the region right?") from error
    except BotoCoreError as error:
        raise Unreachable(f"{what}: {one_line(error)}") from error


def _of_service(what: str, error: ClientError) -> CommandError:
    code = error.response.get("Error", {}).get("Code", "")
    said = one_line(error.response.get("Error", {}).get("Message", error))
    if code in _EXPIRED:
        return Refused(f"{what}: your AWS credentials have expired. Renew them. ({said})")
    if code in _DENIED:
        return Refused(f"{what}: {code}: {said}")
    return CommandError(f"{what}: {code}: {said}")
