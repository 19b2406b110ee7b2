"""``python -m devtools.localcloud.bedrock``: the stand-in on its own, until Ctrl-C."""

import argparse
import secrets
import signal
import tempfile
from pathlib import Path

from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.tls import make_tls_files

_ACCOUNT = "123456789012"


def main() -> None:
    """Start a stand-in with keys of its own, print how to reach it, and wait to be stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m devtools.localcloud.bedrock", description=__doc__
    )
    parser.add_argument("--region", default="us-east-1", help="the region to play")
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--admin-port", type=int, default=0, help="default: any free port")
    options = parser.parse_args()

    # Before anything is started: a signal must never find the process without an answer.
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    caller = Identity(
        access_key=f"ASIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(60),
        role_arn=f"arn:aws:iam::{_ACCOUNT}:role/developer",
        statements=(Statement(("bedrock:InvokeModel*",), ("*",)),),
    )
    with tempfile.TemporaryDirectory(prefix="bedrock-stand-in-") as folder:
        tls = make_tls_files(Path(folder))
        standin = BedrockStandIn(
            authorizer=StaticAuthorizer([caller]),
            tls=tls,
            region=options.region,
            account=_ACCOUNT,
            port=options.port,
            admin_port=options.admin_port,
        )
        with standin:
            environment = {
                "AWS_ACCESS_KEY_ID": caller.access_key,
                "AWS_SECRET_ACCESS_KEY": caller.secret_key,
                "AWS_SESSION_TOKEN": caller.session_token,
                # Some SDKs read the one, some the other.
                "AWS_REGION": options.region,
                "AWS_DEFAULT_REGION": options.region,
                "AWS_ENDPOINT_URL_BEDROCK": standin.endpoint_url,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
                "AWS_CA_BUNDLE": tls.ca,
            }
            print(f"# Bedrock stand-in: {standin.endpoint_url}  (a scripted model, no real one)")
            print(f"# Admin API:        {standin.admin_url}  (GET /stats, POST /faults)")
            print("# The keys below are valid until Ctrl-C.")
            print(*(f"export {k}={v}" for k, v in environment.items()), sep="\n", flush=True)
            signal.sigwait(stop_signals)


if __name__ == "__main__":
    main()
