"""The section on the sources."""

from siting.crew import REPORT, SIMULATION
from siting.documents.exports.farm import EXPORTS
from siting.documents.report.blocks import Block, Column, Numbering
from siting.documents.report.inputs import Inputs


def sources(inputs: Inputs, number: Numbering, project_id: str) -> tuple[Block, ...]:
    """The artifacts, with their hashes."""
    charts = [(f"{SIMULATION}/{name}", sha) for name, sha in inputs.charts.items()]
    named = [(source.name, source.sha256) for source in inputs.json]
    return (
        number.table(
            f"The artifacts of project {project_id} that this report was made from, by the "
            "first half of their SHA-256.",
            (Column("Artifact", numeric=False), Column("SHA-256", numeric=False)),
            [(name, f"{sha256[:32]}…") for name, sha256 in (*named, *charts)],
        ),
    )


def exports(number: Numbering) -> tuple[Block, ...]:
    """The files that other programs open."""
    return (
        number.table(
            "What this report shows, for other programs. Coordinates are WGS 84; the turbines' are "
            "in their UTM zone as well.",
            (Column("File", numeric=False), Column("Holds", numeric=False)),
            [(f"{REPORT}/{file.name}", file.holds) for file in EXPORTS],
        ),
    )
