"""What CodeDeploy refuses: the codes of its service model."""

import json
from http import HTTPStatus

Response = tuple[int, dict[str, str], bytes]


class Refused(Exception):
    """A request that is refused; ``str()`` is the message."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def response(self) -> Response:
        """The answer on the wire."""
        return answer({"__type": self.code, "message": str(self)}, HTTPStatus.BAD_REQUEST)


def answer(document: object, status: int = HTTPStatus.OK) -> Response:
    """An answer on the wire."""
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return int(status), headers, json.dumps(document).encode()


def unsupported(what: str) -> Refused:
    """What AWS would honour and this cannot."""
    return Refused(f"{what} is not supported here", "UnsupportedActionForDeploymentTypeException")


class Failed(Exception):
    """Why a deployment ends before it is done; ``str()`` is the message."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
