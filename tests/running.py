"""An embedded AWS that is said to run, for tests that start none."""

from typing import Final

from devtools.localcloud import Running

RUNNING: Final = Running(
    endpoint_url="https://127.0.0.1:4566",
    bedrock_endpoint_url="https://127.0.0.1:4567",
    bedrock_admin_url="http://127.0.0.1:4568",
    ca_bundle="/cloud/tls/ca.pem",
    account_id="000000000000",
    region="us-east-1",
    access_key="key",
    secret_key="secret",
    pid=1,
    started=1,
)
