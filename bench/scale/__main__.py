"""`make scale`: what 10, 1,000 and 100,000 requests at once would meet on AWS, and what to change.

Writes docs/scale.md and its chart. Nothing of it ran on AWS: `inputs.yaml` says what each figure is
from. `--set NAME=VALUE` puts another in its place and prints the outcomes, and writes nothing.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.scale.chart import chart
from bench.scale.inputs import ROOT, figures, setting
from bench.scale.page import page
from bench.scale.simulation import Setting, Simulation

SIZES: Final = (10, 1_000, 100_000)
ENVIRONMENT: Final = "prod"
AGENT: Final = "terrain"
PAGE: Final = ROOT / "docs" / "scale.md"
CHART: Final = ROOT / "docs" / "images" / "scale.svg"


@dataclass(frozen=True)
class Row:
    """A size, with what was changed for it, and what came of it."""

    requests: int
    change: str
    answered: float
    throttled_out: float
    never_begun: float
    cold: float
    throttles: float
    queue_p50_s: float
    queue_p99_s: float
    wall_p50_s: float
    drained_s: float
    usd_per_answer: float


def changes(base: Setting) -> dict[str, Mapping[str, Any]]:
    """What an operator can change, by how the settings or AWS call it."""
    return {
        "as it is set": {},
        "reserved_concurrency times 10": {"instances": base.instances * 10},
        "the quota of tokens times 10": {"tokens_per_minute": base.tokens_per_minute * 10},
        "both": {
            "instances": base.instances * 10,
            "tokens_per_minute": base.tokens_per_minute * 10,
        },
        "model.max_tokens 1024": {"max_tokens": 1024},
        "api.requests_per_second times 10": {
            "api_per_s": base.api_per_s * 10,
            "api_burst": base.api_burst * 10,
        },
    }


def simulate(requests: int, change: str, changed: Setting) -> Row:
    """Run one."""
    found = Simulation(changed, requests).run()
    return Row(
        requests=requests,
        change=change,
        answered=found.answered / requests,
        throttled_out=found.throttled_out / requests,
        never_begun=found.never_begun / requests,
        cold=found.cold / max(1, len(found.queue_s)),
        throttles=found.throttles / max(1, found.model_requests),
        queue_p50_s=_quantile(found.queue_s, 0.5),
        queue_p99_s=_quantile(found.queue_s, 0.99),
        wall_p50_s=_quantile(found.wall_s, 0.5),
        drained_s=found.drained_s,
        usd_per_answer=found.usd / max(1, found.answered),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="bench.scale")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--requests", type=int, action="append")
    options = parser.parse_args()
    set_to = {
        name: json.loads(value) for name, _, value in (one.partition("=") for one in options.set)
    }
    base = setting(ENVIRONMENT, AGENT, set_to)
    wanted = [
        (requests, name, replace(base, **change))
        for requests in options.requests or SIZES
        for name, change in changes(base).items()
    ]
    rows = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for row in pool.map(simulate, *zip(*wanted, strict=True)):
            print(f"{row.requests:,} requests, {row.change}", file=sys.stderr)
            rows.append(row)
    written = page(rows, figures(), base)
    if options.set or options.requests:
        print(written)
    else:
        PAGE.write_text(written, encoding="utf-8")
        CHART.write_text(chart(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
