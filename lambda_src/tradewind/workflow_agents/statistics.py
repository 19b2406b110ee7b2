"""What a run made, and what it could use again."""

from dataclasses import dataclass


@dataclass(slots=True)
class Statistics:
    """Counts of one run.

    Attributes:
        models_made: Models that were created for it.
        model_hits: Calls that found their model made.
        parts_made: Agents' parts, their tools and their model, that were put together.
        part_hits: Calls that found them put together.
        calls: Calls of agents, repeats included.
    """

    models_made: int = 0
    model_hits: int = 0
    parts_made: int = 0
    part_hits: int = 0
    calls: int = 0
