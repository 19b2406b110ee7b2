"""``python -m devtools.localcloud up|down|status``: the embedded AWS from a shell."""

import argparse
import json
import sys
from dataclasses import asdict

from devtools.localcloud.lifecycle import LocalCloud, LocalCloudError
from devtools.localcloud.running import Running


def main() -> int:
    """Run one command; 1 when it failed, and for a ``status`` that finds nothing running."""
    parser = argparse.ArgumentParser(prog="localcloud", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--json", action="store_true", help="print what is running as JSON")
    arguments = parser.parse_args()
    cloud = LocalCloud()
    try:
        if arguments.command == "down":
            print("stopped" if cloud.down(_note) else "nothing was running")
            return 0
        if arguments.command == "up":
            running: Running | None = cloud.up(_note)
            cloud.keep()
        else:
            running = cloud.status()
    except LocalCloudError as problem:
        print(problem, file=sys.stderr)
        return 1
    if running is None:
        print("not running")
        return 1
    print(json.dumps(asdict(running), indent=2) if arguments.json else _summary(running))
    return 0


def _note(line: str) -> None:
    print(line, file=sys.stderr)


def _summary(running: Running) -> str:
    return (
        f"running as process {running.pid}\n"
        f"  AWS       {running.endpoint_url}\n"
        f"  Bedrock   {running.bedrock_endpoint_url}\n"
        f"  account   {running.account_id} in {running.region}"
    )


if __name__ == "__main__":
    sys.exit(main())
