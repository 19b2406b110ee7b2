"""Functions that emit, and whether each was called: nothing can be said of what one emits else."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from devtools.dashboard.metrics import MetricId


@dataclass(frozen=True, slots=True)
class Emitter:
    """A function that has something to emit as soon as it is called.

    Attributes:
        name: What a person calls it.
        call: The command that calls it.
        sign: The fields that a line of each of its calls has; None for whatever value.
        metrics: The names of the metrics that are its own, or that others emit as well.
        group: Its log group.
    """

    name: str
    call: str
    sign: Mapping[str, str | None]
    metrics: Collection[str]
    group: str

    def may_emit(self, metric: MetricId, *, heard_elsewhere: bool) -> bool:
        """Whether it would have emitted a metric, had it been called.

        Args:
            metric: What nothing emitted.
            heard_elsewhere: Whether others emitted one of that name. Then it has to be this one's.
        """
        if metric.name not in self.metrics:
            return False
        told = [(self.sign.get(name), value) for name, value in metric.dimensions]
        own = [mine == value for mine, value in told if mine is not None]
        return all(own) and (bool(own) or not heard_elsewhere)

    def is_heard_in(self, line: Mapping[str, object]) -> bool:
        """Whether a line is of one of its calls."""
        return all(
            name in line and value in {None, line[name]} for name, value in self.sign.items()
        )


def unheard(emitters: Iterable[Emitter], lines: Iterable[str]) -> list[Emitter]:
    """Those that were never called, by the log lines of all."""
    silent = list(emitters)
    for line in lines:
        if not silent:
            break
        if line.startswith("{"):
            try:
                fields = json.loads(line)
            except ValueError:
                continue
            silent = [one for one in silent if not one.is_heard_in(fields)]
    return silent
