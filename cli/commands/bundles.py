"""``tradewind bundles``: what an environment's functions are made of."""

import json
from collections import Counter

import click

from cli.options import as_json


@click.command()
@click.argument("environment", metavar="ENV", default="dev")
@as_json
def bundles(environment: str, as_json: bool) -> None:
    """Show the bundles that ENV (default dev) deploys, built if need be, and their licences.

    Each has a bill of materials in CycloneDX, .build/sboms/FUNCTION-ARCHITECTURE.cdx.json.
    """
    from cli.bundles import bundles_of, settings_of_any
    from stacks.bundling.bundler import BILLS

    made = bundles_of(settings_of_any(environment))
    if as_json:
        told = {
            name: {
                "sha256": archive.sha256,
                "zip_bytes": archive.path.stat().st_size,
                "unzipped_bytes": archive.unzipped_bytes,
                "sbom": str(BILLS / f"{name}.cdx.json"),
                "components": [
                    {"name": part.name, "version": part.version, "licence": part.licence}
                    for part in archive.components
                ],
            }
            for name, archive in made.items()
        }
        click.echo(json.dumps(told, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Bundles of {environment}, in MB of 1,000,000 bytes")
    table.add_column("bundle")
    for heading in ("zip", "unzipped", "parts"):
        table.add_column(heading, justify="right")
    table.add_column("licences")
    for name, archive in made.items():
        licences = Counter(part.licence or "unknown" for part in archive.components)
        table.add_row(
            name,
            f"{archive.path.stat().st_size / 1e6:.1f}",
            f"{archive.unzipped_bytes / 1e6:.1f}",
            str(len(archive.components)),
            ", ".join(f"{licence} {count}" for licence, count in licences.most_common()),
        )
    Console().print(table)
    click.echo(f"Their bills of materials: {BILLS}/*.cdx.json")
