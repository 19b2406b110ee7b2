"""How large each agent's bundle is, for both of Lambda's architectures.

Usage: python -m bench.bundles
"""

import sys
from pathlib import Path
from typing import Final, get_args

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from cli.agents import agents
from stacks.bundling.bundler import Bundler
from stacks.bundling.errors import BundleError
from stacks.settings.file import load_settings
from stacks.settings.function import Architecture

ROOT: Final = Path(__file__).resolve().parent.parent
SHOWN_PACKAGES: Final = 4


def main() -> int:
    """Build what is not built yet, and print a table of sizes."""
    settings = load_settings("dev", ROOT / "config", agents())
    bundler = Bundler(ROOT)
    table = Table(title="Bundles, in MB of 1,000,000 bytes")
    for heading in ("agent", "architecture"):
        table.add_column(heading)
    for heading in ("zip", "unzipped", "budget"):
        table.add_column(heading, justify="right")
    table.add_column("largest packages")
    try:
        for name, agent in agents().items():
            budget_mb = settings.function(agent).bundle_budget_mb
            for architecture in get_args(Architecture):
                archive = bundler.bundle(agent, architecture, budget_mb)
                largest = list(archive.packages.items())[:SHOWN_PACKAGES]
                table.add_row(
                    name,
                    architecture,
                    f"{archive.path.stat().st_size / 1e6:.1f}",
                    f"{archive.unzipped_bytes / 1e6:.1f}",
                    str(budget_mb),
                    ", ".join(f"{package} {size / 1e6:.1f}" for package, size in largest),
                )
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    console = Console()
    console.print(describe())
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
