"""What a function's process imports: the framework of its own agent, and no other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: They read their environment, and one of them its agent.
ENTRY_POINTS = {
    ("handlers", f"{name}.py")
    for name in ("agent", "api", "authorizer", "durable_workflow", "mcp", "probe", "sweep")
}

#: What only functions that run workflows carry.
OF_WORKFLOWS = {"workflow_agents", "workflow_function", "durable"}

AGENTS = {
    "strands": """
from tradewind.run.strands_agent import StrandsAgent
DEFINITION = StrandsAgent("You answer briefly.", ())
""",
    "pydantic_ai": """
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
DEFINITION = PydanticAIAgent("You answer briefly.")
""",
}

START = """
import json, sys
import tradewind.handlers.agent
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("framework", AGENTS)
def test_a_handler_starts_with_one_framework(
    framework: str, tmp_path: Path, agent_variables: dict[str, str]
) -> None:
    folder = tmp_path / "agents" / "probe"
    folder.mkdir(parents=True)
    (folder / "agent.py").write_text(AGENTS[framework])
    (tmp_path / "agents" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", START],
        env={
            **os.environ,
            **agent_variables,
            "TRADEWIND_AGENT": "probe",
            "PYTHONPATH": f"{tmp_path}:{ROOT / 'lambda_src'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert imported & set(AGENTS) == {framework}
    # Neither do the machinery's fakes or the agents' domain come with it.
    assert not {"siting", "numpy", "moto"} & imported


def test_what_both_share_imports_neither() -> None:
    shared = [
        f"tradewind.{path.relative_to(ROOT / 'lambda_src' / 'tradewind').with_suffix('')}".replace(
            "/", "."
        )
        for path in sorted((ROOT / "lambda_src" / "tradewind").rglob("*.py"))
        if not path.stem.startswith(("strands_", "pydantic_ai_"))
        and path.parts[-2:] not in ENTRY_POINTS
        and not OF_WORKFLOWS & set(path.parts)
    ]
    assert len(shared) > 30
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import importlib, sys\n"
            "for name in sys.argv[1:]: importlib.import_module(name)\n"
            "assert not {'strands', 'pydantic_ai'} & set(sys.modules)",
            *(name.removesuffix(".__init__") for name in shared),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lambda_src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
