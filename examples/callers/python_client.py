"""Ask an agent: python3 python_client.py AGENT QUESTION; see docs/command-line.md."""

import json
import os
import sys
import time
import uuid

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import EnvProvider

API = os.environ["TRADEWIND_API_URL"].rstrip("/")
KEY = {"X-Api-Key": os.environ["TRADEWIND_API_KEY"]} if "TRADEWIND_API_KEY" in os.environ else {}
SIGNER = SigV4Auth(EnvProvider().load(), "execute-api", os.environ["AWS_REGION"])
LOST = (429, 500, 502, 503, 504)  # and an answer that breaks off, or never comes
# Every method: a request that may have arrived is repeated with its key, and worked on once.
AGAIN = urllib3.Retry(3, allowed_methods=None, status_forcelist=LOST, raise_on_status=False)
HTTP = urllib3.PoolManager(timeout=40, retries=AGAIN.new(backoff_factor=1))


def send(method: str, path: str, body: bytes = b"", **headers: str) -> urllib3.BaseHTTPResponse:
    """Send a signed request; a refusal ends the program with what it says."""
    SIGNER.add_auth(request := AWSRequest(method, API + path, KEY | headers, body))
    signed = dict(request.headers.items())
    reply = HTTP.request(method, API + path, body=body or None, headers=signed)
    return reply if reply.status in {200, 202} else sys.exit(reply.data.decode())


agent, question = sys.argv[1:]
once = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
asked = json.dumps({"query": question}).encode()
reply = send("POST", f"/agents/{agent}/invocations", asked, **once)
place = f"/invocations/{reply.headers.get('Location', '').rpartition('/')[2]}"
while reply.json()["state"] in {"pending", "running"}:
    time.sleep(int(reply.headers.get("Retry-After", 2)))
    reply = send("GET", place)
print(json.dumps(reply.json(), indent=2))
