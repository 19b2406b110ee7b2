"""The workflows of a bundle: all that is in their folder, and a failed synth if one is wrong."""

from pathlib import Path

import pytest

from stacks.bundling.errors import NoWorkflow
from stacks.bundling.workflow_files import check_workflows, workflow_files

SOUND = """\
version: 0
name: sound
runtime: {provider: bedrock, region: us-east-1, model_id: m}
inputs: {required: {n: integer}}
agents: {}
pattern: {type: chain, config: {steps: [{agent: terrain, input: "{{ n }} {{ undeclared }}"}]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flows"
    (made / "skills" / "dig").mkdir(parents=True)
    (made / "skills" / "dig" / "SKILL.md").write_text("Dig.")
    (made / "sound.yaml").write_text(SOUND)
    (made / ".hidden.yaml").write_text("no: workflow")
    return made


def test_the_folder_is_in_the_bundle_with_all_that_is_beside_them(folder: Path) -> None:
    check_workflows(folder, folder.parent, {"terrain"})
    assert workflow_files(folder) == {
        "workflows/skills/dig/SKILL.md": b"Dig.",
        "workflows/sound.yaml": SOUND.encode(),
    }


def refused(folder: Path) -> list[str]:
    with pytest.raises(NoWorkflow) as wrong:
        check_workflows(folder, folder.parent, {"terrain"})
    return str(wrong.value).splitlines()


def test_a_wrong_file_is_told_with_its_line(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(SOUND.replace("agent: terrain", "agent: terain"))
    (line,) = refused(folder)
    assert line.startswith("flows/wrong.yaml:6:")
    assert "did you mean `terrain`?" in line


def test_an_agent_that_may_not_be_asked_is_no_agent(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(SOUND.replace("agent: terrain", "agent: flows"))
    assert "there is no agent 'flows'" in refused(folder)[0]


def test_what_there_is_no_support_for_is_told(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(SOUND + "tools: {python: [os.system]}\n")
    assert "never imported" in refused(folder)[0]


def test_names_are_plain_and_each_is_one_files(folder: Path) -> None:
    (folder / "sound.json").write_text("{}")
    (folder / "a b.yaml").write_text(SOUND)
    lines = refused(folder)
    assert "flows/a b.yaml: a workflow is asked for by a plain name, which this has not" in lines
    assert "flows/sound.yaml: there is another workflow sound" in lines


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (line,) = refused(tmp_path / "flows")
    assert line == "workflows.folder: there is no folder flows"


def test_a_workflow_that_is_to_run_past_one_lambda_is_there_and_fits(folder: Path) -> None:
    steps = ", ".join(["{agent: terrain, input: x}"] * 3001)
    (folder / "long.yaml").write_text(
        SOUND.partition("pattern:")[0] + f"pattern: {{type: chain, config: {{steps: [{steps}]}}}}\n"
    )
    check_workflows(folder, folder.parent, ["terrain"], ["sound"])
    with pytest.raises(NoWorkflow) as raised:
        check_workflows(folder, folder.parent, ["terrain"], ["sound", "long", "wind-frm"])
    assert str(raised.value).splitlines() == [
        "flows/long.yaml: takes 3,001 durable operations, and a run may have 3,000",
        "workflows.durable: there is no workflow wind-frm in flows",
    ]
