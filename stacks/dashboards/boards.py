"""The dashboards of an environment: as few as carry it, for each is paid by the month."""

from constructs import Construct

from stacks import names
from stacks.dashboards.agent import AGENT, agent_rows
from stacks.dashboards.api import api_rows
from stacks.dashboards.overview import overview_rows
from stacks.dashboards.runtime import runtime_rows
from stacks.dashboards.watched import Watched
from stacks.parts.dashboard import Choice, Dashboard
from stacks.parts.widgets import Rows


class Boards(Construct):
    """An overview with the model, one of the API, one of any agent and one of any runtime."""

    def __init__(self, scope: Construct, construct_id: str, watched: Watched) -> None:
        super().__init__(scope, construct_id)
        boards: dict[str, tuple[Rows, Choice | None]] = {
            "overview": (overview_rows(watched), None),
            "api": (api_rows(watched), None),
        }
        if watched.on_lambda:
            agents = Choice("agent", AGENT, list(watched.on_lambda))
            boards["agent"] = (agent_rows(watched), agents)
        if watched.on_runtimes:
            runtimes = Choice("runtime", AGENT, list(watched.on_runtimes))
            boards["runtime"] = (runtime_rows(watched), runtimes)
        for subject, (rows, choice) in boards.items():
            Dashboard(
                self,
                names.construct_id(subject),
                name=names.dashboard_name(watched.environment, subject),
                rows=rows,
                choice=choice,
            )
