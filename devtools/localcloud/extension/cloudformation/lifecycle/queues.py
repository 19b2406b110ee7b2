"""A queue's name rests for 60 s after DeleteQueue, as SQS says.

CloudFormation ends the deletion of a queue only then. Here it ends at once, and gives the name back
with it: what is deployed sees the same.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import sqs

from devtools.localcloud.extension.cloudformation.lifecycle.rules import Name, already

_REST_S = 60
_RESTING = (
    "You must wait 60 seconds after deleting a queue before you can create another with the same "
    "name."
)
#: When each queue's name is free again.
_free_at: dict[str, float] = {}

Operation = Callable[[Mapping[str, Any], str], dict[str, Any]]


def install() -> None:
    """Make the operations keep to that."""
    create: Operation = sqs._HANDLERS["CreateQueue"]
    delete: Operation = sqs._HANDLERS["DeleteQueue"]

    def create_rested(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        if _rests(data.get("QueueName", "")):
            raise sqs._Err("AWS.SimpleQueueService.QueueDeletedRecently", _RESTING)
        return create(data, url)

    def delete_and_rest(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        answer = delete(data, url)
        _free_at[data.get("QueueUrl", url).rpartition("/")[2]] = time.monotonic() + _REST_S
        return answer

    sqs._HANDLERS["CreateQueue"], sqs._HANDLERS["DeleteQueue"] = create_rested, delete_and_rest


def _rests(name: str) -> bool:
    return time.monotonic() < _free_at.get(name, 0.0)


NAME = Name(
    lambda properties: properties.get("QueueName"),
    lambda name: name in sqs._queue_name_to_url or _rests(name),
    lambda name: _RESTING if _rests(name) else already("AWS::SQS::Queue")(name),
)
