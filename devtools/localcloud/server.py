"""The embedded AWS as one process; ``lifecycle`` runs it in an environment of its own.

``python -m devtools.localcloud.server --home DIR``. MiniStack reads its settings from the
environment while it is imported, so they are set here, before ``serving`` is.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

from devtools.localcloud.running import ACCOUNT_ID, REGION
from devtools.localcloud.tls import TlsFiles, make_tls_files

#: The services that have been checked to do what they say. MiniStack has many more.
_SERVICES = (
    "apigateway,bedrock-agentcore,cloudformation,dynamodb,ecr,events,iam,kms,lambda,logs,"
    "monitoring,s3,secretsmanager,sns,sqs,ssm,sts,wafv2"
)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    # Who started it held interrupts back while it did.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parser = argparse.ArgumentParser(prog="devtools.localcloud.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home.resolve()
    tls = make_tls_files(home / "tls")
    gateway = socket.socket()
    gateway.bind(("127.0.0.1", 0))
    os.environ.update(ministack_settings(gateway.getsockname()[1], tls, tempfile.gettempdir()))
    from devtools.localcloud.serving import serve  # noqa: PLC0415  reads the settings

    asyncio.new_event_loop().run_until_complete(serve(home, tls, gateway))
    # Everything it started has ended by now. What remains are its clients' idle connections and
    # long polls, which an orderly end would wait for.
    sys.stdout.flush()
    os._exit(0)


def ministack_settings(port: int, tls: TlsFiles, scratch: str) -> dict[str, str]:
    """MiniStack's settings: strict, on this machine only, and nothing outside ``scratch``."""
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(tls.certificate),
        "MINISTACK_SSL_KEY": str(tls.key),
        "S3_DATA_DIR": f"{scratch}/s3",
        "SERVICES": _SERVICES,
        "SFN_WAIT_SCALE": "0",
        "SFTP_ENABLED": "0",
        "STATE_DIR": f"{scratch}/state",
        "USE_SSL": "1",
    }


if __name__ == "__main__":
    main()
