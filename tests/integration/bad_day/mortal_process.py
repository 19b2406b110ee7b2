"""An agent's process that is killed at a write. Runs as a process of its own; see ``mortal``.

It loads an agent and then forks: each child serves one request through the real service and dies
by SIGKILL at the write it is told, or lives to tell its answer. This process opens no connection
and starts no thread, so that every child begins as a new process does.

A line in: what to serve. A line out: what came of it.
"""

import contextlib
import gc
import hashlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.frameworks import FRAMEWORKS, Sketch
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import ClientPool
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import ArtifactNotFound
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.handlers.service import AgentService
from tradewind.records.table import RecordTable
from tradewind.run.artifact_store import WriteConflict
from tradewind.run.definition import AgentDefinition
from tradewind.run.project import Project
from tradewind.workflow_function.agent import WorkflowAgent
from tradewind.workflow_function.files import WorkflowFiles

R = TypeVar("R")
EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples" / "workflows"
_RECORD_WRITES = ("PutItem", "UpdateItem")


@dataclass
class Writes:
    """Counts this process's writes, and ends it at one of them.

    Attributes:
        kill_at: Which write, from 1 on; None for none.
        after: Whether once it is done, before anybody hears of it.
        seen: What was written, or begun to be.
    """

    kill_at: int | None = None
    after: bool = False
    seen: list[str] = field(default_factory=list)

    def do(self, name: str, write: Callable[[], R]) -> R:
        """Write."""
        self.begin(name)
        done = write()
        self.end()
        return done

    def begin(self, name: str) -> None:
        """A write is about to be sent."""
        self.seen.append(name)
        if not self.after:
            self.end()

    def end(self) -> None:
        """A write is done."""
        if len(self.seen) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, client: Any) -> None:
        """Count a DynamoDB client's writes."""
        for operation in _RECORD_WRITES:
            client.meta.events.register(
                f"before-call.dynamodb.{operation}", lambda **_: self.begin("record")
            )
            client.meta.events.register(f"after-call.dynamodb.{operation}", lambda **_: self.end())


class FolderStore:
    """An ``ArtifactStore`` in a folder, which outlives its process. One process at a time writes.

    Each object is there whole or not at all, as in S3.
    """

    def __init__(self, folder: Path, writes: Writes | None = None) -> None:
        self._folder = folder
        self._writes = writes or Writes()

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._writes.do(key, lambda: self._put(key, body))

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        self._writes.do(key, lambda: self._replace(key, body, etag))

    def get(self, key: str) -> bytes:
        return self.get_with_etag(key)[0]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        try:
            body = (self._folder / key).read_bytes()
        except FileNotFoundError:
            raise ArtifactNotFound(f"There is no artifact {key}.") from None
        return body, hashlib.sha256(body).hexdigest()

    def _put(self, key: str, body: bytes) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}")
        new.write_bytes(body)
        new.rename(path)

    def _replace(self, key: str, body: bytes, etag: str | None) -> None:
        try:
            held = self.get_with_etag(key)[1]
        except ArtifactNotFound:
            held = None
        if held != etag:
            raise WriteConflict(key)
        self._put(key, body)


def survey(project: Project) -> str:
    """Survey the site, on top of what was found before."""
    before = project.find(project.agent, "survey.txt")
    found = project.load(project.agent, "survey.txt") if before else b""
    project.save("survey.txt", found + project.attempt.encode(), "text/plain")
    project.save("map.txt", b"map by " + project.attempt.encode(), "text/plain")
    project.report_facts(surveys=1)
    return "surveyed"


async def measure(project: Project) -> str:
    """Measure the wind."""
    project.save("wind.txt", b"wind by " + project.attempt.encode(), "text/plain")
    return "measured"


SKETCH = Sketch("Call survey once, then measure.", (survey, measure))


@dataclass
class Context:
    """Lambda's context object."""

    aws_request_id: str = "lambda-request"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def _definition(name: str) -> AgentDefinition:
    if name in FRAMEWORKS:
        return FRAMEWORKS[name](SKETCH)
    definition: AgentDefinition = importlib.import_module(f"agents.{name}.agent").DEFINITION
    if isinstance(definition, WorkflowAgent):
        # Its files are laid beside it in a bundle; here they are where they are written.
        return WorkflowAgent(WorkflowFiles(EXAMPLES))
    return definition


class Mortal:
    """A service whose process dies at a write. Made before the fork: nothing is connected yet."""

    def __init__(self, definition: AgentDefinition) -> None:
        self._definition = definition
        self._environment = AgentEnvironment.from_variables(os.environ)
        self._writes = Writes()
        self._clients = ClientPool(self._environment)
        self._clients.get()
        self._table = AwsClients().create("dynamodb", repeats=Repeated(may_run_twice=True))
        self._writes.watch(self._table)

    def serve(self, order: dict[str, Any]) -> dict[str, Any]:
        """Serve one request in this process, or die in it."""
        self._writes.kill_at, self._writes.after = order["kill_at"], order["after"]
        service = AgentService(
            environment=self._environment,
            definition=self._definition,
            clients=self._clients,
            store=FolderStore(Path(order["folder"]), self._writes),
            records=RecordTable(self._environment.records_table, self._table),
        )
        try:
            answer = service.handle(order["event"], Context())
        except InvocationFailed as failed:
            answer = failed.answer.model_dump(mode="json")
        return {"answer": answer, "writes": self._writes.seen, "modules": sorted(sys.modules)}


def _fork(order: dict[str, Any], mortal: Mortal) -> dict[str, Any]:
    """Serve one request in a child, and say what became of the child."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        with os.fdopen(tell, "w") as outcome:
            json.dump(mortal.serve(order), outcome)
        sys.stdout.flush()
        os._exit(0)  # threads of a tool keep nobody waiting, and no exit handler runs twice
    os.close(tell)
    with os.fdopen(told) as outcome:
        said = outcome.read()
    _, status = os.waitpid(child, 0)
    return {"ended": os.waitstatus_to_exitcode(status), **(json.loads(said) if said else {})}


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # logs are no answers
    mortal = Mortal(_definition(sys.argv[1]))
    for line in sys.stdin:
        outcome = _fork(json.loads(line), mortal)
        # What a child had to import, the next ones find there.
        for module in outcome.pop("modules", ()):
            if module not in sys.modules:
                with contextlib.suppress(Exception):
                    importlib.import_module(module)
        gc.collect()
        gc.freeze()  # a child's collections do not copy what it shares with this process
        answers.write(json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
