"""Commands are found wherever they stand on a page, and a mistake in one is seen."""

import shlex
from pathlib import Path

import pytest

from tests.docs.aws_cli import AwsCommandError, read_aws_command
from tests.docs.pages import _commands, commands, pages

PAGE = """# Title

Type `make demo`, or `aws lambda
get-account-settings`; `metric.names` and `make` alone are no commands.

```sh
make up   # why
cd somewhere && ./tradewind invoke terrain \\
  "a query" --json

# nothing
```

```
an answer
```

<!-- needs an account -->
```bash
npx cdk deploy --all
```

| a | b |
|---|---|
| `tradewind status` | shown |

<!-- needs an account --> Here `aws sts get-caller-identity` needs one.
"""


def test_every_command_is_found_with_its_line() -> None:
    found = [(c.line, c.text, c.fenced, c.needs_account) for c in _commands("x.md", PAGE)]
    assert found == [
        (3, "make demo", False, False),
        (3, "aws lambda get-account-settings", False, False),
        (7, "make up", True, False),
        (8, "cd somewhere", True, False),
        (8, "./tradewind invoke terrain 'a query' --json", True, False),
        (20, "npx cdk deploy --all", True, True),
        (25, "tradewind status", False, False),
        (27, "aws sts get-caller-identity", False, True),
    ]


def test_commands_in_a_block_without_a_language_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x.md:3: mark the block"):
        list(_commands("x.md", "Text\n```\nmake demo\n```\n"))


def test_the_pages_are_all_read() -> None:
    names = {page.name for page in pages()}
    assert {"README.md", "CONTRIBUTING.md", "architecture.md", "unwell.md"} <= names
    assert sum(len(commands(page)) for page in pages()) > 30


def aws(text: str, folder: Path = Path()) -> tuple[str, str, dict[str, object], str | None]:
    call = read_aws_command(shlex.split(text), folder)
    return call.service, call.operation, call.parameters, call.file


def test_an_aws_command_is_read_by_the_services_own_model(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"query": "x"}')
    assert aws(
        "aws lambda invoke --function-name f:live --cli-binary-format raw-in-base64-out "
        "--payload file://event.json answer.json",
        tmp_path,
    ) == (
        "lambda",
        "invoke",
        {"FunctionName": "f:live", "Payload": b'{"query": "x"}'},
        "answer.json",
    )
    assert aws(
        "aws sqs receive-message --queue-url https://q --max-number-of-messages 10 "
        "--message-attribute-names All ErrorCode"
    ) == (
        "sqs",
        "receive_message",
        {
            "QueueUrl": "https://q",
            "MaxNumberOfMessages": 10,
            "MessageAttributeNames": ["All", "ErrorCode"],
        },
        None,
    )


def test_the_clis_own_names_and_shorthand_are_read() -> None:
    assert aws("aws deploy stop-deployment --deployment-id d --auto-rollback-enabled")[:3] == (
        "codedeploy",
        "stop_deployment",
        {"deploymentId": "d", "autoRollbackEnabled": True},
    )
    assert aws("aws dynamodb wait table-exists --table-name t")[:3] == (
        "dynamodb",
        "describe_table",
        {"TableName": "t"},
    )
    _, _, parameters, _ = aws(
        "aws dynamodb update-time-to-live --table-name t "
        "--time-to-live-specification Enabled=true,AttributeName=expires_at"
    )
    assert parameters["TimeToLiveSpecification"] == {
        "Enabled": True,
        "AttributeName": "expires_at",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("aws lamda get-account-settings", "no service lamda"),
        ("aws lambda get-account-setting", "has no get-account-setting"),
        ("aws lambda update-alias --function-name f --name live --version 3", "no --version"),
        ("aws lambda update-alias --function-name f", "lacks Name"),
        ("aws sqs receive-message --queue-url a b", "one value"),
        ("aws sqs receive-message --queue-url q --attribute-names Al", "not Al"),
        ("aws lambda get-account-settings now", "not an option"),
        ("aws lambda create-function --function-name f --role r --code x", "has no x"),
        ("aws lambda create-function --function-name f --role r --code S3Bukket=b", "no S3Bukket"),
        ("aws lambda tag-resource --resource r --tags x", "not read here"),
        ("aws dynamodb wait table-exist --table-name t", "has no table-exist"),
        ("aws dynamodb wait table-exists", "lacks TableName"),
    ],
)
def test_what_the_aws_cli_would_refuse_is_refused(text: str, why: str) -> None:
    with pytest.raises(AwsCommandError, match=why):
        aws(text)
