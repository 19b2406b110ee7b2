"""Results of demos that never ran."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.demo.result import AgentResult, Dashboard, DemoResult, File

_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "json": "application/json",
}


def agent(name: str, *files: str, **changes: Any) -> AgentResult:
    """An agent that left files of these names."""
    values: dict[str, Any] = {
        "description": f"Does {name}.",
        "request": {"query": f"Do {name}."},
        "response": "Done.",
        "facts": {},
        "files": tuple(
            File(file, f"{name}/{file}", _TYPES[file.rpartition(".")[2]], 2048) for file in files
        ),
        "cold_ms": 1200.4,
        "init_ms": 400.0,
        "warm_ms": 80.6,
        "tcp_connections": 1,
        "tokens": 4321,
        "cost_usd": 0.0126,
        "refused": "MODEL_REQUEST_REJECTED",
    }
    return AgentResult(name=name, **{**values, **changes})


def demo(*agents: AgentResult, **changes: Any) -> DemoResult:
    """A demo of these agents."""
    values: dict[str, Any] = {
        "made_at": datetime(2026, 11, 3, 9, 5, tzinfo=UTC),
        "real_model": False,
        "model": "us.example.model",
        "prices_as_of": "2026-11-01",
        "dashboards": tuple(
            Dashboard(f"app-{subject}", subject, f"dashboards/{subject}.html", {}, {"drawn": 3})
            for subject in ("overview", "model")
        ),
    }
    return DemoResult(agents=agents, **{**values, **changes})


def write_files(result: DemoResult, folder: Path) -> None:
    """Write an empty file for each that the result names."""
    paths = [file.path for one in result.agents for file in one.files]
    for dashboard in result.dashboards:
        paths += [dashboard.page, *dashboard.pictures.values()]
    for path in (*paths, "demo.json"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
