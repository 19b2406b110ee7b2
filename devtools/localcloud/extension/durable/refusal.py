"""What the API refuses, in AWS's terms."""

import json
from http import HTTPStatus
from typing import Any

Response = tuple[int, dict[str, str], bytes]


class Refused(Exception):
    """A request that is refused; ``str()`` is AWS's message."""

    def __init__(
        self,
        message: str,
        code: str = "InvalidParameterValueException",
        status: int = HTTPStatus.BAD_REQUEST,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def response(self) -> Response:
        """The answer on the wire."""
        # The members' names are those of the service's model.
        member = "message" if self.code == "InvalidParameterValueException" else "Message"
        body = json.dumps({"Type": "User", member: str(self)})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code}
        return int(self.status), headers, body.encode()

    def as_error(self) -> dict[str, Any]:
        """The refusal as the error of an operation."""
        return {"ErrorType": self.code, "ErrorMessage": str(self)}


def not_found(message: str) -> Refused:
    """What is asked for is not there."""
    return Refused(message, "ResourceNotFoundException", HTTPStatus.NOT_FOUND)
