"""One run of the load: callers for so many seconds, perhaps deaths meanwhile, and the accounts."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.load.accounts import Accounts, take_accounts
from bench.load.callers import Callers, Seen
from bench.load.deaths import Deaths, Reaper, function_processes
from bench.load.machine_time import cpu_seconds
from cli import cdk
from cli.agents import example_request
from cli.api.address import Address, on_this_machine
from devtools.localcloud.bedrock import Fault, FaultKind, StandInAdmin
from devtools.localcloud.running import Running
from stacks.names import Output
from tradewind.contracts.names import API

#: What of an agent's example request the API's body takes.
_BODY: Final = ("query", "parameters", "context", "temperature")
#: What ends a run that was killed, or never came to begin: the only failures that deaths explain.
_OF_DEATHS: Final = ("failed FUNCTION_DIED", "failed NOT_STARTED")
_SUCCEEDED: Final = "succeeded"
_PATIENCE_S: Final = 240.0


@dataclass(frozen=True)
class Load:
    """What to do.

    Attributes:
        callers: At once.
        seconds: For so long they ask anew.
        connections: Calls of the API that are under way at once at most.
        model_s: What the model stand-in takes for an answer's first byte.
        kill_every_s: A function's process is killed so often; 0 for never.
        agents: Who is asked, in turns.
    """

    callers: int
    seconds: float
    connections: int
    model_s: float
    kill_every_s: float
    agents: tuple[str, ...]


@dataclass
class Measured:
    """What came of it.

    Attributes:
        load: What was done.
        cores: Of the machine.
        others: The machine's load average when the callers began: who else worked on it.
        seconds: From the first call until the last caller had its end.
        wall_s: Of each invocation, from its first call to its end being seen, in seconds.
        cpu_s: Of the server and of each function, as long as their processes lived; and of the
            callers.
        processes: Of each function, when all was over.
    """

    load: Load
    cores: int
    others: float
    seconds: float
    wall_s: list[float]
    cpu_s: Mapping[str, float]
    processes: Mapping[str, int]
    seen: Seen
    deaths: Deaths
    accounts: Accounts
    problems: list[str] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Invocations that ended, per second."""
        return len(self.wall_s) / self.seconds

    def to_json(self) -> dict[str, Any]:
        """The figures, without the lists that they are of."""
        accounts = self.accounts
        ended = max(1, sum(accounts.ended.values()))
        return {
            "load": asdict(self.load),
            "cores": self.cores,
            "load_average_before": self.others,
            "seconds": round(self.seconds, 1),
            "accepted": len(self.seen.asked),
            "ended": dict(sorted(accounts.ended.items())),
            "missing": len(accounts.missing),
            "open": len(accounts.open),
            "errors": dict(self.seen.errors),
            "refused": self.seen.refused,
            "repeated": dict(self.seen.repeated),
            "per_s": round(self.per_s, 2),
            "p50_s": quantile(self.wall_s, 0.5),
            "p99_s": quantile(self.wall_s, 0.99),
            "queue_p50_s": quantile(accounts.queue_s, 0.5),
            "queue_p99_s": quantile(accounts.queue_s, 0.99),
            "work_p50_s": quantile(accounts.work_s, 0.5),
            "api_calls": len(self.seen.calls_ms),
            "api_p50_ms": quantile(self.seen.calls_ms, 0.5),
            "api_p99_ms": quantile(self.seen.calls_ms, 0.99),
            "cpu_s": {name: round(value, 2) for name, value in self.cpu_s.items()},
            "processes": self.processes,
            "model_usd_per_thousand": round(accounts.cost_usd / ended * 1000, 3),
            "killed": dict(self.deaths.killed),
            "dead_letters": len(self.deaths.dead_letters),
            "reservations_open": accounts.reservations,
            "unexplained_usd": accounts.unexplained_nano / 1e9,
            "files": accounts.files,
            "broken_files": accounts.broken_files,
            "problems": self.problems,
        }


def measure(running: Running, outputs: Mapping[str, str], load: Load) -> Measured:
    """Let callers ask what is deployed, in a table of records that has none of theirs yet.

    Args:
        running: The embedded AWS, which this process's clients reach.
        outputs: Of the stacks.
        load: What to do.
    """
    before = take_accounts(outputs, ())
    bedrock = StandInAdmin(running.bedrock_admin_url)
    if load.model_s:
        bedrock.inject(Fault(FaultKind.LATENCY, seconds=load.model_s, count=None))
    address = Address(on_this_machine(outputs[Output.API_URL], running), running.region)
    callers = Callers(
        address,
        callers=load.callers,
        connections=load.connections,
        questions=questions(load.agents),
    )
    reaper = Reaper(
        running.pid,
        environment=cdk.LOCAL_ENV,
        agents=set(load.agents),
        functions={*load.agents, API},
        records=outputs[Output.RECORDS_TABLE],
    )
    cpu_before, own_before = cpu_seconds(running.pid), time.process_time()
    others, began = os.getloadavg()[0], time.monotonic()
    try:
        with (
            reaper.reading_dead_letters(),
            callers.at_work(_PATIENCE_S),
            reaper.killing(load.kill_every_s),
        ):
            time.sleep(load.seconds)
    finally:
        bedrock.clear()
    cpu_s = {
        name: value - cpu_before.get(name, 0.0) for name, value in cpu_seconds(running.pid).items()
    }
    seen = callers.seen
    ends = [one.seen for one in seen.asked if one.seen is not None]
    measured = Measured(
        load=load,
        cores=os.cpu_count() or 0,
        others=others,
        seconds=max(ends, default=time.monotonic()) - began,
        wall_s=[one.seen - one.sent for one in seen.asked if one.seen is not None],
        cpu_s={**cpu_s, "callers": time.process_time() - own_before},
        processes=dict(Counter(function_processes(running.pid).values())),
        seen=seen,
        deaths=reaper.deaths,
        accounts=take_accounts(outputs, seen.asked, since=before),
    )
    measured.problems = problems_of(measured)
    return measured


def problems_of(measured: Measured) -> list[str]:
    """What must not be, in lines; nothing where all is well."""
    accounts, killed = measured.accounts, sum(measured.deaths.killed.values())
    found = [f"accepted, and not in the table: {one}" for one in accounts.missing] + [
        f"never ended: {one}" for one in accounts.open
    ]
    found += [f"{count} times {what}" for what, count in measured.seen.errors.items()]
    died = sum(accounts.ended[end] for end in _OF_DEATHS)
    if died > killed:
        found.append(f"{died} invocations died of {killed} killed processes")
    allowed = {_SUCCEEDED, *_OF_DEATHS} if killed else {_SUCCEEDED}
    found += [f"{count} ended {end}" for end, count in accounts.ended.items() if end not in allowed]
    if not killed and measured.seen.repeated:
        found.append(f"answers were lost: {dict(measured.seen.repeated)}")
    found += [
        f"a file that its manifest names is not there, or another: {one}"
        for one in accounts.broken_files
    ]
    return found + _problems_of_budget(accounts, died)


def _problems_of_budget(accounts: Accounts, died: int) -> list[str]:
    """Spent is what answers cost; what the dead had reserved stays spent, and nothing else."""
    found = []
    if accounts.reservations > died:
        found.append(f"{accounts.reservations} reservations are open of {died} that died")
    if accounts.unexplained_nano < 0:
        found.append(f"{-accounts.unexplained_nano} nanodollars were spent and are not committed")
    if accounts.unexplained_nano > 0 and not died:
        found.append(f"{accounts.unexplained_nano} nanodollars are committed for nothing")
    return found


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that so many are at most as large as; None of nothing."""
    ranked = sorted(values)
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 3) if ranked else None


def questions(names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Agents with the bodies that each is asked with: their examples."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name in names:
        request = example_request(name, None)
        found.append((name, {part: request[part] for part in _BODY if part in request}))
    return found
