"""A deployment's hook that reports what its environment says. It signs by itself, without boto."""

import datetime
import hashlib
import hmac
import json
import os
import ssl
import urllib.error
import urllib.request
from typing import Any

TARGET = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"


def handler(event: dict[str, str], context: Any) -> None:
    print(json.dumps({"asked": event, "by": context.invoked_function_arn}))
    if os.environ["REPORT"] == "nothing":
        raise RuntimeError("this hook fails by itself")
    report = {
        "deploymentId": event["DeploymentId"],
        "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
        "status": os.environ["REPORT"],
    }
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    body = json.dumps(report).encode()
    request = urllib.request.Request(  # noqa: S310  this machine's
        endpoint, data=body, headers=signed(endpoint.partition("//")[2], body), method="POST"
    )
    trusted = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    try:
        with urllib.request.urlopen(request, context=trusted) as answer:  # noqa: S310
            print(answer.read().decode())
    except urllib.error.HTTPError as refused:
        print("refused:", refused.read().decode())


def signed(host: str, body: bytes) -> dict[str, str]:
    """The headers of a request that is signed with the role's credentials."""
    now = datetime.datetime.now(datetime.UTC)
    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": moment,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": TARGET,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{os.environ['AWS_REGION']}/codedeploy/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
