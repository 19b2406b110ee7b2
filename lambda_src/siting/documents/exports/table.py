"""The turbines as CSV (RFC 4180)."""

import csv
import io

from siting.documents.exports.farm import Export


def as_csv(export: Export) -> bytes:
    """Write one line per turbine under a line of names that carry the units.

    What is not known, such as the net energy under a wind that is not the place's, is left empty.
    """
    layer = export.turbines
    text = io.StringIO()
    writer = csv.DictWriter(text, list(layer.fields))
    writer.writeheader()
    writer.writerows(shape.row for shape in layer.shapes)
    return text.getvalue().encode()
