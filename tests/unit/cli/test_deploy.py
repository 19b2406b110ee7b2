"""``tradewind deploy`` and ``destroy`` run the real CDK on what was shown, after a yes."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli import __main__ as command
from cli import account, cdk, cloud
from cli.errors import CommandError
from stacks.settings.environment import Settings

#: Says what it was run with, and does what CloudFormation would do with the stacks in a file.
CDK = """#!{python}
import json, os, sys
from pathlib import Path
log = Path({log!r})
with log.open("a") as file:
    names = ("AWS_REGION", "AWS_PROFILE", "NODE_OPTIONS")
    given = {{name: os.environ.get(name) for name in names}}
    file.write(json.dumps([sys.argv[1:], given]) + "\\n")
print("the CDK's own words")
if sys.argv[1] == {fails!r}:
    sys.exit(3)
for word in sys.argv[2:]:
    name, _, value = word.partition("=")
    if name == "--outputs-file":
        Path(value).parent.mkdir(parents=True, exist_ok=True)
        Path(value).write_text('{{"Tradewind-dev-Api": {{"ApiUrl": "https://api"}}}}')
if sys.argv[1] == "destroy":
    Path({stacks!r}).write_text("[]")
"""


class Account:
    """An AWS account with stacks, and the CDK's command line for it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, captured: Any) -> None:
        self.folder = folder
        self.patch = patch
        self.captured = captured
        self.log = folder / "cdk.log"
        self.stacks = folder / "stacks.json"
        #: For which environment, and after how many of the CDK's runs.
        self.pruned: list[tuple[str, int]] = []
        self.has()
        self.fails_at("nothing")
        patch.setattr("boto3.client", lambda service, region_name: self)
        patch.setattr("cli.version_upkeep.refuse_moved", lambda _settings: None)
        patch.setattr("cli.version_upkeep.prune_all", self._prune)
        patch.setattr("signal.signal", lambda *_: None)
        patch.setattr(cdk, "CDK", folder / "cdk")
        patch.setattr(cdk, "PROJECT", folder)
        patch.setattr(cloud, "BUILD", folder / ".build")
        patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        patch.setenv("AWS_PROFILE", "work")
        patch.setenv("NODE_OPTIONS", "--no-such-option")
        (folder / "config").symlink_to(Path(__file__).parents[3] / "config")

    def has(self, *stacks: str, protected: bool = False) -> None:
        rows = [
            {"StackName": f"Tradewind-{name}", "StackStatus": "CREATE_COMPLETE"} for name in stacks
        ]
        kept = [{**row, "EnableTerminationProtection": protected} for row in rows]
        gone = {"StackName": "Tradewind-dev-Api", "StackStatus": "DELETE_COMPLETE"}
        self.stacks.write_text(json.dumps([*kept, gone]))

    def fails_at(self, step: str) -> None:
        script = self.folder / "cdk"
        script.write_text(
            CDK.format(
                python=sys.executable, log=str(self.log), fails=step, stacks=str(self.stacks)
            )
        )
        script.chmod(0o755)

    def _prune(self, settings: Settings) -> None:
        self.pruned.append((settings.environment, len(self.ran())))

    # What boto3's clients of STS and CloudFormation do.

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/ada"}

    def get_paginator(self, _operation: str) -> "Account":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Stacks": [row]} for row in json.loads(self.stacks.read_text())]

    # What a person does.

    def run(self, *words: str, typed: str | None = None) -> tuple[int, str, str]:
        if typed is not None:
            self.patch.setattr("click.termui.visible_prompt_func", lambda _prompt: typed)
        self.patch.setattr("sys.argv", ["tradewind", *words])
        with pytest.raises(SystemExit) as end:
            command.main()
        said = self.captured.readouterr()
        return int(end.value.code or 0), said.out, said.err

    def ran(self) -> list[list[str]]:
        """What the CDK was run with."""
        if not self.log.exists():
            return []
        return [json.loads(line)[0] for line in self.log.read_text().splitlines()]


@pytest.fixture
def aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Account:
    return Account(tmp_path, monkeypatch, capfd)


def assembly(aws: Account) -> str:
    return f"--app={aws.folder / '.build' / 'cdk.out.dev'}"


def test_what_was_shown_is_deployed_after_a_yes(aws: Account) -> None:
    status, out, err = aws.run("deploy", "dev", typed="y")
    assert (status, out) == (0, "ApiUrl=https://api\n")
    assert "account 111122223333, us-east-1 (as arn:aws:iam::111122223333:user/ada)" in err
    assert "the CDK's own words" in err
    # Once the new versions are there.
    assert aws.pruned == [("dev", 3)]
    synth, diff, deploy = aws.ran()
    assert synth[:3] == ["synth", "--quiet", "--context=env=dev"]
    # The CDK calls `--all` an unknown option here, and means all anyway.
    assert diff == ["diff", assembly(aws), "--no-notices"]
    assert deploy[:3] == ["deploy", "--all", assembly(aws)]
    given = json.loads(aws.log.read_text().splitlines()[0])[1]
    assert given == {"AWS_REGION": "us-east-1", "AWS_PROFILE": "work", "NODE_OPTIONS": None}


def test_without_a_yes_nothing_is_deployed(aws: Account) -> None:
    status, out, _ = aws.run("deploy", "dev", typed="n")
    assert (status, out) == (130, "")
    assert [words[0] for words in aws.ran()] == ["synth", "diff"]


def test_a_step_that_fails_is_the_last(aws: Account) -> None:
    aws.fails_at("diff")
    status, _, err = aws.run("deploy", "dev", "--yes")
    assert status == 1
    assert "`cdk diff` failed with status 3; it says why above." in err
    assert [words[0] for words in aws.ran()] == ["synth", "diff"]


def test_what_codedeploy_would_refuse_is_refused_before_anything_is_built(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(settings: Settings) -> None:
        raise CommandError(f"`live` of terrain in {settings.environment} was moved.")

    monkeypatch.setattr("cli.version_upkeep.refuse_moved", refuse)
    status, _, err = aws.run("deploy", "dev", typed="y")
    assert (status, aws.ran(), aws.pruned) == (1, [], [])
    assert "`live` of terrain in dev was moved." in err


def test_outputs_as_json(aws: Account) -> None:
    status, out, _ = aws.run("deploy", "dev", "--yes", "--json")
    assert (status, json.loads(out)["outputs"]) == (0, {"ApiUrl": "https://api"})


@pytest.mark.parametrize("verb", ["deploy", "destroy"])
def test_what_cannot_be_meant_is_refused(aws: Account, verb: str) -> None:
    status, _, err = aws.run(verb, "local", "--yes")
    assert (status, "`tradewind up` deploys there" in err) == (1, True)
    status, _, err = aws.run(verb, "nowhere", "--yes")
    assert (status, "there is no config/nowhere.yaml" in err) == (1, True)
    aws.patch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    status, _, err = aws.run(verb, "dev")
    assert (status, "nobody to ask here: give --yes" in err) == (2, True)
    assert aws.ran() == []


def test_another_accounts_credentials_are_refused(aws: Account) -> None:
    settings = account.settings_of("dev").model_copy(update={"account": "999999999999"})
    aws.patch.setattr(account, "settings_of", lambda _environment: settings)
    status, _, err = aws.run("deploy", "dev", "--yes")
    assert status == 1
    assert "config/dev.yaml is for account 999999999999; your credentials are of 1111" in err
    assert aws.ran() == []


def test_what_is_there_is_destroyed_when_its_name_is_typed(aws: Account) -> None:
    aws.has("dev-State", "dev-Agents", "prod-State", "devil-State")
    status, _, err = aws.run("destroy", "dev", typed="prod")
    assert (status, "That is not dev. Nothing was deleted." in err) == (1, True)
    assert aws.ran() == []
    status, out, err = aws.run("destroy", "dev", typed="dev")
    assert (status, out) == (0, "Deleted Tradewind-dev-State, Tradewind-dev-Agents.\n")
    assert "prod" not in err.replace("That is not", "")
    assert [words[0] for words in aws.ran()] == ["synth", "destroy"]
    assert aws.ran()[1][:4] == ["destroy", "--all", assembly(aws), "--force"]
    status, _, err = aws.run("destroy", "dev", "--yes")
    assert (status, "There is nothing of dev" in err) == (1, True)


def test_protected_stacks_are_not_destroyed(aws: Account) -> None:
    aws.has("dev-State", protected=True)
    status, _, err = aws.run("destroy", "dev", "--yes")
    assert status == 1
    assert "Tradewind-dev-State cannot be deleted: CloudFormation protects them" in err
    assert "`tradewind deploy dev`, then this again" in err
    assert aws.ran() == []


def test_what_is_left_is_no_success(aws: Account) -> None:
    aws.has("dev-State")
    stacks = aws.stacks.read_text()
    aws.fails_at("nothing")
    script = aws.folder / "cdk"
    script.write_text(script.read_text().replace('.write_text("[]")', f".write_text({stacks!r})"))
    status, _, err = aws.run("destroy", "dev", "--yes")
    assert (status, "Still there: Tradewind-dev-State." in err) == (1, True)


def test_an_interrupt_ends_the_cdk_too(aws: Account) -> None:
    script = aws.folder / "cdk"
    pid = aws.folder / "pid"
    script.write_text(
        f"#!/bin/sh\necho $$ > {pid}\ntrap 'echo ended >> {aws.log}; exit 1' TERM\n"
        f"touch {aws.folder}/ready\nwhile true; do sleep 0.05; done\n"
    )
    waited: list[float | None] = []
    real: Any = subprocess.Popen.wait

    def interrupt(self: Any, timeout: float | None = None) -> Any:
        if not waited:
            waited.append(timeout)
            while not (aws.folder / "ready").exists():
                time.sleep(0.01)
            raise KeyboardInterrupt
        return real(self, timeout)

    aws.patch.setattr(subprocess.Popen, "wait", interrupt)
    status, _, _ = aws.run("deploy", "dev", "--yes")
    assert status == 130
    assert aws.log.read_text() == "ended\n"
