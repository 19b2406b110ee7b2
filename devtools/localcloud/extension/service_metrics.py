"""The metrics that AWS's services publish about themselves, beyond those MiniStack has.

Counts that would be zero are published as zeros, so that a graph of errors shows there were none;
AWS's own may stay empty.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ministack.services import cloudwatch, sqs

from devtools.localcloud.bedrock import Observation

#: AWS publishes a queue's metrics every minute. Here whole deployments last less.
_LOOK_S = 5.0

#: What was sent to each queue, by its name, since it was last published.
_sent: Final = Counter[str]()

_THROTTLED = 429
_CLIENT_ERROR = 400
_SERVER_ERROR = 500


def publish_model_call(seen: Observation) -> None:
    """Publish what Bedrock publishes about a call."""
    dimensions = {"ModelId": seen.model_id}

    def publish(name: str, value: float, unit: str = "Count") -> None:
        cloudwatch.record_metric("AWS/Bedrock", name, value, unit, dimensions)

    throttled = seen.status == _THROTTLED
    publish("InvocationThrottles", throttled)
    publish("InvocationServerErrors", seen.status >= _SERVER_ERROR)
    publish(
        "InvocationClientErrors", _CLIENT_ERROR <= seen.status < _SERVER_ERROR and not throttled
    )
    if seen.status >= _CLIENT_ERROR:
        return
    publish("Invocations", 1)
    publish("InvocationLatency", seen.duration_ms, "Milliseconds")
    publish("TimeToFirstToken", seen.first_byte_ms, "Milliseconds")
    publish("InputTokenCount", seen.input_tokens)
    publish("OutputTokenCount", seen.output_tokens)
    publish("CacheReadInputTokens", 0)
    publish("CacheWriteInputTokens", 0)
    publish("EstimatedTPMQuotaUsage", seen.input_tokens + seen.output_tokens)


def install() -> None:
    """Count what is sent to queues.

    What SQS moves to a dead-letter queue by itself is not counted, as it is not at AWS: "Available
    CloudWatch metrics for Amazon SQS" in the SQS developer guide.
    """
    send = sqs._act_send_message

    def send_and_count(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        answer: dict[str, Any] = send(data, url)
        _sent[data.get("QueueUrl", url).rpartition("/")[2]] += 1
        return answer

    # Batches and dead letters ask the module for it.
    sqs._act_send_message = sqs._HANDLERS["SendMessage"] = send_and_count


async def publish_queues() -> None:
    """Publish what came to every queue, its length and its age, for as long as this runs."""
    while True:
        now = time.time()
        for url, queue in list(sqs._queues.items()):
            _publish_queue(url.rpartition("/")[2], list(queue["messages"]), now)
        await asyncio.sleep(_LOOK_S)


def _publish_queue(name: str, messages: list[dict[str, float]], now: float) -> None:
    dimensions = {"QueueName": name}
    visible = [message for message in messages if message.get("visible_at", 0) <= now]
    oldest = min((message["sent_at"] for message in messages), default=now)
    cloudwatch.record_metric(
        "AWS/SQS", "NumberOfMessagesSent", _sent.pop(name, 0), "Count", dimensions
    )
    cloudwatch.record_metric(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", len(visible), "Count", dimensions
    )
    cloudwatch.record_metric(
        "AWS/SQS", "ApproximateAgeOfOldestMessage", max(0.0, now - oldest), "Seconds", dimensions
    )
