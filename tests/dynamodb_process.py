"""The embedded AWS's DynamoDB alone, over standard input and output. Runs in its environment.

A line in: ``{"target": ..., "body": ...}``. A line out: ``{"status": ..., "body": ...}``.
"""

import asyncio
import json
import os
import sys


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever is printed is not an answer
    from ministack.services import dynamodb  # noqa: PLC0415  prints, perhaps

    for line in sys.stdin:
        asked = json.loads(line)
        status, _headers, body = asyncio.run(
            dynamodb.handle_request(
                "POST", "/", {"x-amz-target": asked["target"]}, asked["body"].encode(), {}
            )
        )
        text = body.decode() if isinstance(body, bytes) else body
        answers.write(json.dumps({"status": status, "body": text}) + "\n")


if __name__ == "__main__":
    main()
