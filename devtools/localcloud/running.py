"""What a running embedded AWS tells its users, and how one is told from a dead one."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

#: Recognisably nobody's account.
ACCOUNT_ID = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True)
class Running:
    """A running embedded AWS. Also kept as ``running.json`` in its home.

    Attributes:
        endpoint_url: Of every AWS service but Bedrock.
        bedrock_endpoint_url: Of bedrock-runtime, and of the lists of Bedrock's control plane.
        bedrock_admin_url: Where the Bedrock stand-in gives its counts and takes faults.
        ca_bundle: The certificate authority both endpoints are signed by.
        account_id: The account everything is deployed into.
        region: The region everything is deployed into.
        access_key: Of an administrator; new at each start.
        secret_key: Of the same administrator.
        pid: The server's process.
        started: The process's start time in clock ticks, since process ids are reused.
    """

    endpoint_url: str
    bedrock_endpoint_url: str
    bedrock_admin_url: str
    ca_bundle: str
    account_id: str
    region: str
    access_key: str
    secret_key: str
    pid: int
    started: int

    def environment(self) -> dict[str, str]:
        """What the CDK command line and boto3 need in their environment to reach this AWS only."""
        home = Path(self.ca_bundle).parent.parent
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_BEDROCK": self.bedrock_endpoint_url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.bedrock_endpoint_url,
            "AWS_CA_BUNDLE": self.ca_bundle,
            "NODE_EXTRA_CA_CERTS": self.ca_bundle,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            # Set and empty: a developer's own session must not leak in beside these keys.
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": self.account_id,
            "CDK_DEFAULT_REGION": self.region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_HOME": str(home / "cdk"),
        }

    def is_alive(self) -> bool:
        """Whether the process that wrote this is still the one with its id."""
        return start_time(self.pid) == self.started

    def write(self, path: Path) -> None:
        """Write to ``path``, readable by the owner only, whole or not at all."""
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Running | None":
        """Read ``path``; None when there is nothing there that this version wrote."""
        try:
            values = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            return None
        return cls(**values)


def start_time(pid: int) -> int | None:
    """The start time of a live process in clock ticks since boot; None when it is gone.

    A zombie counts as gone: it runs nothing and holds nothing.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, spaces and parentheses included.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])
