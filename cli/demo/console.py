"""What a person reads when the demo is done: the times, what came of it, and where to look."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from cli.demo.facts import sentence
from cli.demo.front_page import FRONT_PAGE
from cli.demo.result import DemoResult


def show(console: Console, result: DemoResult, out: Path) -> None:
    """Print the table, a line on the result, and the front page's path."""
    console.print(_table(result))
    console.print(f"{result.title}: {sentence(result.key_facts)}", markup=False, soft_wrap=True)
    console.print(f"See it all: {out / FRONT_PAGE}", markup=False, soft_wrap=True)


def _table(result: DemoResult) -> Table:
    table = Table(
        title="Each agent, asked cold and warm; TCP: connections",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0,
    )
    # A name that finds no room goes on in the next line; numbers never do.
    table.add_column("agent", overflow="fold")
    for column in ("cold ms", "init ms", "warm ms", "TCP", "tokens", "US$"):
        table.add_column(column, justify="right", no_wrap=True)
    for agent in result.agents:
        table.add_row(
            agent.name,
            f"{agent.cold_ms:.0f}",
            f"{agent.init_ms:.0f}",
            f"{agent.warm_ms:.0f}",
            str(agent.tcp_connections),
            str(agent.tokens),
            f"{agent.cost_usd:.3f}",
        )
    return table
