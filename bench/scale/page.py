"""The page of the simulation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.scale.simulation import Setting

if TYPE_CHECKING:
    from bench.scale.__main__ import Row

_AS_SET = "as it is set"
_HEAD = """# Very many requests at once

Simulated, and not measured: nothing here ran on AWS. A discrete-event simulation (`bench/scale`)
sends so many requests to one agent at the same moment, and follows each through the API's stage,
Lambda's queue, an instance of the function and the model's quota, with the pauses of the deployed
retry layer. `make scale` writes this page; the settings are those of `config/prod.yaml`.

![What becomes of so many requests at once, as it is set and after each change](images/scale.svg)

"""
_UNCHECKED = """
## How far to trust it

Its queue, rates and quotas are held by tests against what can be worked out by hand
(`tests/unit/bench/test_scale.py`). It has not been compared with a run of `make bench-load`, and
the model's time, its tokens and the quota are assumed: put yours in their place.

## What went in

"""


def page(
    rows: Sequence["Row"],
    figures: Mapping[str, tuple[Any, str, str]],
    base: Setting,
) -> str:
    """The page, as Markdown."""
    parts = [_HEAD, "## As it is set\n\n", _as_set(rows), "\n## What to change first\n\n"]
    for requests in sorted({row.requests for row in rows}):
        parts.append(_ranked([row for row in rows if row.requests == requests]))
    parts.append(_UNCHECKED)
    parts.append("| Figure | Value | Kind | From |\n|---|---|---|---|\n")
    for name, (_, kind, source) in figures.items():
        parts.append(f"| `{name}` | {_plain(getattr(base, name))} | {kind} | {source} |\n")
    parts.append(
        f"| the rest | | settings | `config/prod.yaml`: {base.instances} instances, "
        f"{base.api_per_s:g} requests a second and {base.api_burst:g} at once, "
        f"{base.queue_life_s:g} s in the queue, {base.max_tokens} tokens an answer, "
        f"{base.memory_gb:g} GB, and its prices |\n"
    )
    parts.append(
        "\nThe module `bench.scale` takes `--requests` and `--set NAME=VALUE`: it prints the same "
        "for other\nfigures, and writes nothing.\n"
    )
    return "".join(parts)


def _as_set(rows: Sequence["Row"]) -> str:
    lines = [
        "| Requests | Answered | Too old in the queue | Throttled out | Cold starts | "
        "Model calls throttled | In the queue, p50, p99 | Answer after, p50 | All ended after | "
        "$ an answer |\n",
        "|" + "---|" * 10 + "\n",
    ]
    for row in rows:
        if row.change == _AS_SET:
            lines.append(
                f"| {row.requests:,} | {row.answered:.0%} | {row.never_begun:.0%} | "
                f"{row.throttled_out:.0%} | {row.cold:.1%} | {row.throttles:.0%} | "
                f"{row.queue_p50_s:,.0f} s, {row.queue_p99_s:,.0f} s | {row.wall_p50_s:,.0f} s | "
                f"{row.drained_s:,.0f} s | {row.usd_per_answer:.4f} |\n"
            )
    return "".join(lines)


def _ranked(rows: Sequence["Row"]) -> str:
    """One line for a size: the changes, best first."""
    (base,) = (row for row in rows if row.change == _AS_SET)
    best = sorted(rows, key=lambda row: (-round(row.answered, 2), row.wall_p50_s))
    told = [
        f"{row.change} ({row.answered:.0%}, {row.wall_p50_s:,.0f} s)"
        for row in best
        if row is not base and row.change != "both" and _helps(row, base)
    ]
    (both,) = (row for row in rows if row.change == "both")
    words = "; then ".join(told) if told else "nothing of these helps"
    return (
        f"- {base.requests:,} requests ({base.answered:.0%} answered, half of them after "
        f"{base.wall_p50_s:,.0f} s): {words}. Concurrency and quota together: "
        f"{both.answered:.0%}, {both.wall_p50_s:,.0f} s.\n"
    )


def _helps(row: "Row", base: "Row") -> bool:
    if round(row.answered, 2) != round(base.answered, 2):
        return row.answered > base.answered
    return row.wall_p50_s < 0.9 * base.wall_p50_s


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.10f}".rstrip("0").rstrip(".")  # noqa: PLR2004
