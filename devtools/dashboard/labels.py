"""What a series is called: its own label with values in it, or the parts that tell it apart.

And how numbers are written beside it.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from devtools.dashboard.body import Row

_SUFFIXES: Final = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
_PLACEHOLDER: Final = re.compile(r"\$\{([A-Z_]+)(?:\('([^']*)'\))?\}")


def short(number: float) -> str:
    """A number as the axes of the page have it: 720k, and never 1e+06."""
    unit, suffix = next(
        ((unit, suffix) for least, unit, suffix in _SUFFIXES if abs(number) >= least), (1, "")
    )
    rounded = float(f"{number / unit:.4g}")
    # What is rounded up to the next power of ten would have an exponent again.
    return f"{rounded:.10g}{suffix}"


def default_labels(rows: Sequence[Row], statistics: Sequence[str]) -> list[str]:
    """Label rows by what differs between them: name, dimension values, statistic, namespace."""
    labels = []
    for row, statistic in zip(rows, statistics, strict=True):
        if row.metric is None:
            labels.append(row.id or row.expression or "")
            continue
        others = [
            (other.metric, other_statistic)
            for other, other_statistic in zip(rows, statistics, strict=True)
            if other is not row and other.metric is not None
        ]
        parts = [row.metric.name]
        for name, value in row.metric.dimensions:
            if any((name, value) not in other.dimensions for other, _ in others):
                parts.append(value)
        if any(other == row.metric and s != statistic for other, s in others):
            parts.append(statistic)
        if any(
            (other.name, other.dimensions) == (row.metric.name, row.metric.dimensions)
            and other.namespace != row.metric.namespace
            for other, _ in others
        ):
            parts.insert(0, row.metric.namespace)
        labels.append(" ".join(parts))
    return labels


def without_common_prefix(names: Sequence[str]) -> dict[str, str]:
    """Names without the words that all of them begin with, such as project and environment."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    prefix = "".join(letters[0] for letters in same) if len(set(names)) > 1 else ""
    prefix = prefix[: prefix.rfind("-") + 1]
    return {name: name.removeprefix(prefix) for name in names}


def fill_label(
    label: str,
    row: Row,
    own: str,
    summary: Mapping[str, float | None],
    properties: Mapping[str, str],
) -> str:
    """Put values into a dynamic label such as ``p99 (last ${LAST})``.

    Args:
        label: As written in the body.
        row: What it labels.
        own: What ``${LABEL}`` stands for.
        summary: ``LAST``, ``MAX`` and so on, of the series in view.
        properties: What else ``${PROP('...')}`` knows, such as ``Stat``.
    """
    known = {f"Dim.{name}": value for name, value in row.metric.dimensions} if row.metric else {}
    if row.metric:
        known |= {"MetricName": row.metric.name, "Namespace": row.metric.namespace}
    known |= properties

    def value(match: re.Match[str]) -> str:
        name, argument = match[1], match[2]
        if name == "PROP":
            return known.get(argument or "", match[0])
        if name == "LABEL":
            return own
        if name not in summary:
            return match[0]
        number = summary[name]
        return "no data" if number is None else f"{number:.4g}"

    return _PLACEHOLDER.sub(value, label)
