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
from cli.deployment import preflight
from cli.errors import CommandError
from stacks.settings.environment import Settings
from tests.unit.cli.deployment import fake_account
from tests.unit.cli.deployment.fake_account import Resource

#: Says what it was run with.
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
if sys.argv[1] == "synth":
    folder = Path(sys.argv[4].partition("=")[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Agents.template.json").write_text({agents!r})
"""


LOGS = "/aws/lambda/tradewind-dev-a"
#: The stack's template as it is synthesized.
AGENTS = json.dumps(
    {
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": LOGS}},
        }
    }
)


class Account(fake_account.Account):
    """An AWS account with stacks, and the CDK's command line for it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, captured: Any) -> None:
        super().__init__()
        self.folder = folder
        self.patch = patch
        self.captured = captured
        #: For which environment, and after how many of the CDK's runs.
        self.pruned: list[tuple[str, int]] = []
        self.cdk_log = folder / "cdk.log"
        self.stack("Tradewind-dev-Api", "DELETE_COMPLETE")
        self.fails_at("nothing")
        patch.setattr("boto3.client", lambda service, region_name: self)
        patch.setattr("cli.version_upkeep.refuse_moved", lambda _settings: None)
        patch.setattr("cli.version_upkeep.prune_all", self._prune)
        patch.setattr("signal.signal", lambda *_: None)
        patch.setattr(cdk, "CDK", folder / "cdk")
        patch.setattr(cdk, "PROJECT", folder)
        patch.setattr(cloud, "BUILD", folder / ".build")
        # What it asks has tests of its own.
        patch.setattr(preflight, "require_room", lambda *_: None)
        patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        patch.setenv("AWS_PROFILE", "work")
        patch.setenv("NODE_OPTIONS", "--no-such-option")
        (folder / "config").symlink_to(Path(__file__).parents[3] / "config")

    def fails_at(self, step: str) -> None:
        script = self.folder / "cdk"
        script.write_text(
            CDK.format(python=sys.executable, log=str(self.cdk_log), fails=step, agents=AGENTS)
        )
        script.chmod(0o755)

    def _prune(self, settings: Settings) -> None:
        self.pruned.append((settings.environment, len(self.ran())))

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
        if not self.cdk_log.exists():
            return []
        return [json.loads(line)[0] for line in self.cdk_log.read_text().splitlines()]


@pytest.fixture
def aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Account:
    return Account(tmp_path, monkeypatch, capfd)


def assembly(aws: Account) -> str:
    return f"--app={aws.folder / '.build' / 'cdk.out.dev'}"


def test_what_was_shown_is_deployed_after_a_yes(aws: Account) -> None:
    status, out, err = aws.run("deploy", "dev", typed="y")
    assert (status, out) == (0, "ApiUrl=https://api\n"), err
    assert "account 111122223333, us-east-1 (as arn:aws:iam::111122223333:user/ada)" in err
    assert "the CDK's own words" in err
    # Once the new versions are there.
    assert aws.pruned == [("dev", 3)]
    synth, diff, deploy = aws.ran()
    assert synth[:3] == ["synth", "--quiet", "--context=env=dev"]
    # The CDK calls `--all` an unknown option here, and means all anyway.
    assert diff == ["diff", assembly(aws), "--no-notices"]
    assert deploy[:3] == ["deploy", "--all", assembly(aws)]
    given = json.loads(aws.cdk_log.read_text().splitlines()[0])[1]
    assert given == {"AWS_REGION": "us-east-1", "AWS_PROFILE": "work", "NODE_OPTIONS": None}


def test_versions_that_cannot_be_deleted_make_no_deployment_fail(aws: Account) -> None:
    def refuse(_settings: Settings) -> None:
        raise CommandError("Lambda does not delete version 3.")

    aws.patch.setattr("cli.version_upkeep.prune_all", refuse)
    status, out, err = aws.run("deploy", "dev", "--yes")
    assert (status, "ApiUrl=https://api" in out) == (0, True)
    assert "dev is deployed. Old versions of its functions stay: Lambda does not delete" in err


def test_nothing_of_an_earlier_synth_stays_in_the_assembly(aws: Account) -> None:
    old = aws.folder / ".build" / "cdk.out.dev" / "asset.old.zip"
    old.parent.mkdir(parents=True)
    old.touch()
    status, _, _ = aws.run("deploy", "dev", "--yes")
    assert (status, old.exists()) == (0, False)


def test_without_a_yes_nothing_is_deployed(aws: Account) -> None:
    status, out, _ = aws.run("deploy", "dev", typed="n")
    assert (status, out) == (130, "")
    assert [words[0] for words in aws.ran()] == ["synth", "diff"]


def test_nothing_is_shown_or_deployed_that_the_account_would_not_take(aws: Account) -> None:
    def no_room(settings: Any, place: Any, assembly: Path, _say: Any) -> None:
        assert (settings.environment, place.account) == ("dev", "111122223333")
        assert assembly == aws.folder / ".build" / "cdk.out.dev"
        raise CommandError("The account has no room. Nothing was deployed.")

    aws.patch.setattr(preflight, "require_room", no_room)
    status, _, err = aws.run("deploy", "dev", "--yes")
    assert (status, "The account has no room." in err) == (1, True)
    assert [words[0] for words in aws.ran()] == ["synth"]


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


def test_what_outlived_a_deployment_is_told_and_taken_back(aws: Account) -> None:
    aws.data[LOGS] = "AWS::Logs::LogGroup"
    status, out, err = aws.run("deploy", "dev", "--yes", "--json")
    assert (status, json.loads(out)["taken_back"]) == (0, [f"log group {LOGS}"])
    assert f"Still there from before, and taken back as it is:\n  log group {LOGS}\n" in err
    assert [words[:2] for words in aws.ran()[2:]] == [
        ["import", "Agents"],
        ["deploy", "Agents"],
        ["deploy", "--all"],
    ]


def test_it_is_told_before_anybody_says_yes(aws: Account) -> None:
    aws.data[LOGS] = "AWS::Logs::LogGroup"
    aws.stack("Tradewind-dev-Agents", "ROLLBACK_COMPLETE", protected=True)
    status, _, err = aws.run("deploy", "dev", typed="n")
    assert status == 130
    assert f"log group {LOGS}" in err
    assert "Tradewind-dev-Agents is deleted first: its creation failed" in err
    assert [words[0] for words in aws.ran()] == ["synth", "diff"]
    assert aws.log == []


def test_what_is_half_deleted_is_not_deployed_into(aws: Account) -> None:
    aws.stack("Tradewind-dev-State", "DELETE_FAILED")
    status, _, err = aws.run("deploy", "dev", "--yes")
    assert (status, "`tradewind destroy dev` finishes it" in err) == (1, True)
    assert aws.ran() == []


def test_what_is_there_is_destroyed_when_its_name_is_typed(aws: Account) -> None:
    artifacts = Resource("AWS::S3::Bucket", "artifacts-1")
    aws.stack("Tradewind-dev-State", Artifacts=artifacts)
    for name in ("dev-Agents", "prod-State", "devil-State"):
        aws.stack(f"Tradewind-{name}")
    status, _, err = aws.run("destroy", "dev", typed="prod")
    assert (status, "That is not dev. Nothing was deleted." in err) == (1, True)
    assert aws.log == []
    status, out, err = aws.run("destroy", "dev", typed="dev")
    assert (status, out) == (0, "Deleted Tradewind-dev-Agents, Tradewind-dev-State.\n")
    assert "and for good, with all that is in it:\n  bucket artifacts-1\n" in err
    assert "prod" not in err.replace("That is not", "")
    # It needs no template, and so no bundle.
    assert aws.ran() == []
    status, _, err = aws.run("destroy", "dev", "--yes")
    assert (status, "There is nothing of dev" in err) == (1, True)
    assert {one.name for one in aws.stacks if one.status != "DELETE_COMPLETE"} == {
        "Tradewind-prod-State",
        "Tradewind-devil-State",
    }


def test_what_was_destroyed_as_json(aws: Account) -> None:
    aws.stack("Tradewind-dev-State", Key=Resource("AWS::KMS::Key", "key-1"))
    status, out, _ = aws.run("destroy", "dev", "--yes", "--json")
    assert (status, json.loads(out)) == (
        0,
        {"environment": "dev", "deleted": ["Tradewind-dev-State"], "removed": [], "kept": []},
    )


def test_protected_stacks_are_not_destroyed(aws: Account) -> None:
    aws.stack("Tradewind-dev-State", protected=True)
    for options in ([], ["--protected"]):
        status, _, err = aws.run("destroy", "dev", "--yes", *options)
        assert status == 1
        assert "Tradewind-dev-State cannot be deleted: CloudFormation protects them" in err
        assert "`tradewind deploy dev` says so, then this again" in err
    assert aws.log == []


def test_with_keep_data_they_are_when_they_are_meant(aws: Account) -> None:
    table = Resource("AWS::DynamoDB::Table", "records", "RetainExceptOnCreate")
    aws.stack("Tradewind-prod-State", protected=True, Records=table)
    status, _, err = aws.run("destroy", "prod", "--yes")
    assert (status, "`tradewind destroy prod --protected` deletes them" in err) == (1, True)
    status, _, err = aws.run("destroy", "prod", "--yes", "--protected")
    assert (status, "These stay:\n  table records\n" in err) == (0, True)
    assert "records" in aws.data
    status, _, err = aws.run("destroy", "prod", "--yes")
    assert (status, "These outlived its stacks, and stay:\n  table records" in err) == (1, True)


def test_an_interrupt_ends_the_cdk_too(aws: Account) -> None:
    script = aws.folder / "cdk"
    pid = aws.folder / "pid"
    script.write_text(
        f"#!/bin/sh\necho $$ > {pid}\ntrap 'echo ended >> {aws.cdk_log}; exit 1' TERM\n"
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
    assert aws.cdk_log.read_text() == "ended\n"
