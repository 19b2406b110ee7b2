"""What the routes share: the function's settings, and its clients."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tradewind.api.invoker import Invoker
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once, Repeated
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.records.openings import Openings
from tradewind.records.table import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from tradewind.budgets.budgets import Budgets
    from tradewind.conversations.table import SessionTable

#: Longer than anybody waits: a call's own time ends it.
_READ_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class Door:
    """One per process. Holds no caller's data.

    Attributes:
        environment: What the stacks tell the function.
        aws: Where its clients are made.
        dynamodb: A client for every table; what is written through it recognises itself.
        records: The invocation records.
        invoker: Has the agents' functions work.
    """

    environment: ApiEnvironment
    aws: AwsClients
    dynamodb: "DynamoDBClient"
    records: RecordTable
    invoker: Invoker

    @cached_property
    def openings(self) -> Openings:
        """Opens records and closes them."""
        return Openings(self.records.table)

    @cached_property
    def sessions(self) -> "SessionTable":
        """The conversations."""
        from tradewind.conversations.table import SessionTable  # noqa: PLC0415  # see api.models

        environment = self.environment
        return SessionTable(
            environment.sessions_table, self.dynamodb, ttl_days=environment.session_ttl_days
        )

    @cached_property
    def budgets(self) -> "Budgets":
        """What callers may spend."""
        from tradewind.budgets.budgets import Budgets  # noqa: PLC0415  see api.models
        from tradewind.budgets.table import BudgetTable  # noqa: PLC0415
        from tradewind.contracts.prices import BudgetLimits, ModelPrices  # noqa: PLC0415

        settings = self.environment
        prices, limits = settings.prices_json, settings.budgets_json
        return Budgets(
            BudgetLimits.model_validate_json(limits or "{}"),
            ModelPrices.model_validate_json(prices) if prices else None,
            BudgetTable(settings.budgets_table, self.dynamodb),
        )

    @cached_property
    def s3(self) -> "S3Client":
        """Signs links, and reads files for who serves MCP. Made for the first artifacts."""
        client: S3Client = self.aws.create("s3", repeats=Repeated(may_run_twice=True))
        return client

    @cached_property
    def bedrock(self) -> Any:
        """A client of Bedrock's control plane, which tells the models there are."""
        return self.aws.create(
            "bedrock",
            repeats=Repeated(may_run_twice=True),
            region=self.environment.model_region,
        )


def open_door(environment: ApiEnvironment) -> Door:
    """Make a process's clients; no call is made with them."""
    aws = AwsClients()
    # Each write of ours recognises itself, so the table may be asked twice.
    dynamodb: DynamoDBClient = aws.create("dynamodb", repeats=Repeated(may_run_twice=True))
    functions = aws.create("lambda", repeats=Once(), read_timeout_s=_READ_TIMEOUT_S)
    return Door(
        environment=environment,
        aws=aws,
        dynamodb=dynamodb,
        records=RecordTable(environment.records_table, dynamodb),
        invoker=Invoker(environment.environment, functions),
    )
