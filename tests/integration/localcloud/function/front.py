"""A function behind a REST API that does what the request's body says, and its authorizers."""

import json
import os
import pathlib
import time
from typing import Any

Event = dict[str, Any]

ASKED: list[str] = []


def handler(event: Event, context: Any) -> Any:
    wish = json.loads(event["body"] or "{}")
    if "fail" in wish:
        raise RuntimeError(wish["fail"])
    if "started" in wish:
        pathlib.Path(wish["started"]).touch()
    if "wait_for" in wish:
        while not pathlib.Path(wish["wait_for"]).exists():
            time.sleep(0.02)
        pathlib.Path(wish["done"]).touch()
    if "letters" in wish:
        return {"statusCode": 200, "body": "x" * wish["letters"]}
    if "answer" in wish:
        return wish["answer"]
    told = {
        "event": event,
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }
    return {"statusCode": 200, "body": json.dumps(told)}


def authorize(event: Event, context: Any) -> Any:
    """Decide by the token; say in the context how often this was asked."""
    token = event.get("authorizationToken") or event["headers"]["X-Token"]
    ASKED.append(token)
    if token == "unauthorized":
        raise PermissionError("Unauthorized")
    if token == "broken":
        raise ValueError("a bug")
    if token == "malformed":
        return {"principalId": "someone"}
    statement = {
        "Action": "execute-api:Invoke" if token != "other-action" else "s3:GetObject",
        "Effect": "Deny" if token == "deny" else "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": f"user-{token}",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked": ASKED.count(token), "admin": True, "owner": "oidc:someone"},
    }
