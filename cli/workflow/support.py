"""What a workflow may ask for here: tools, patterns, providers."""

from dataclasses import dataclass
from typing import Any, Final, get_args

from tradewind.workflow.spec.model import Provider
from tradewind.workflow.spec.tools import NATIVE_TOOLS

#: The keys of providers, by the variables that they may be in.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
}
#: What the format has a name for, and nobody implements.
RESERVED: Final = ("azure_openai",)


@dataclass(frozen=True, slots=True)
class NativeTool:
    """A tool that needs no declaration.

    Attributes:
        does: What it is for.
        needs: What it cannot work without; empty if nothing.
    """

    does: str
    needs: str = ""


_CONSENT: Final = "consent: a person's on a terminal, or --bypass-tool-consent"
TOOLS: Final[dict[str, NativeTool]] = {
    "calculator": NativeTool("arithmetic"),
    "current_time": NativeTool("the date and the time, in any time zone"),
    "duckduckgo_search": NativeTool("a search on the web", "the network"),
    "file_read": NativeTool("a file beside the workflow, or a folder's names"),
    "file_write": NativeTool("writes a file beside the workflow", f"{_CONSENT} to change others'"),
    "grep": NativeTool("the lines of files that match"),
    "head": NativeTool("a file's first lines"),
    "http_request": NativeTool("a request to a public address", "the network"),
    "python_exec": NativeTool("runs Python, closed off from everything else", _CONSENT),
    "search": NativeTool("words in files beside the workflow"),
    "spec_verify": NativeTool("what is wrong with a workflow's text"),
    "tail": NativeTool("a file's last lines"),
    "tavily_search": NativeTool("a search on the web", "the network, TAVILY_API_KEY"),
    "web_fetch": NativeTool("a web page as text", "the network"),
}
_PATTERNS: Final = {
    "chain": "steps one after the other",
    "workflow": "tasks, each as soon as what it waits for is done",
    "parallel": "branches at the same time, and one step that joins them",
    "routing": "an agent chooses a route",
    "evaluator_optimizer": "drafts are scored and revised",
    "orchestrator_workers": "an agent makes tasks, workers do them at the same time",
    "graph": "nodes and edges, with conditions and loops",
}
_FEATURES: Final = {
    "questions to people": "steps of type hitl, review gates; sessions wait for the answer",
    "budgets": "max_steps, max_tokens, max_duration_s, with a warning",
    "failure_policy": "retries with exponential, constant or jittered waits",
    "context_policy": "compaction, notes, retrieval",
    "tools": "native tools, http_executors, mcp servers by command or address",
    "skills": "folders of instructions, read when needed",
    "security.guardrails": "deny_network, pii_redaction, allow_tools",
    "artifacts": "any number of files, TRACE among their names",
    "secrets": "from the environment",
}
_NOT: Final = {
    "azure_openai": "as a provider",
    "secrets_manager, ssm, file": "as sources of secrets",
    "Python callables": "other than the native tools",
    "max_rounds": "above 1, of an orchestrator",
}


def tools() -> list[dict[str, str]]:
    """The native tools, by name."""
    assert TOOLS.keys() == NATIVE_TOOLS  # noqa: S101  a test runs this
    return [{"name": name, "does": one.does, "needs": one.needs} for name, one in TOOLS.items()]


def supported() -> dict[str, Any]:
    """All that there is, by kind."""
    providers = {
        name: " or ".join(KEYS.get(name, ())) for name in get_args(Provider) if name not in RESERVED
    }
    return {
        "patterns": _PATTERNS,
        "providers": providers,
        "features": _FEATURES,
        "not_supported": _NOT,
    }
