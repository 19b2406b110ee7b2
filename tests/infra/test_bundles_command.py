"""``tradewind bundles`` shows what the stacks of an environment ask for, and no more."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import __main__ as command
from stacks.bundling.archive import Archive
from stacks.bundling.components import Component
from stacks.bundling.errors import OverBudget
from stacks.bundling.fixed_bundle import FixedBundle
from tests.deployed_agents import AGENTS
from tradewind.contracts.names import API, AUTHORIZER, MCP, SWEEP

PARTS = (Component("rotor", "2.1", "MIT"), Component("tower", "1.0", None))


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"x" * 1_500_000)
    made = Archive(path, "0" * 64, {"rotor": 3_000_000}, PARTS)
    monkeypatch.setattr("stacks.bundling.bundler.Bundler", lambda *_: FixedBundle(made))
    return made


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["tradewind", "bundles", *words])
    with pytest.raises(SystemExit) as end:
        command.main()
    return int(end.value.code or 0)


def test_it_has_every_bundle_that_the_stacks_ask_for(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "dev", "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {name.removesuffix("-arm64") for name in told} >= {*AGENTS, API, MCP, SWEEP}
    # The settings ask for neither.
    assert f"{AUTHORIZER}-arm64" not in told
    one = told[f"{SWEEP}-arm64"]
    assert (one["sha256"], one["zip_bytes"], one["unzipped_bytes"]) == (
        archive.sha256,
        1_500_000,
        3_000_000,
    )
    assert one["sbom"] == f".build/sboms/{SWEEP}-arm64.cdx.json"
    assert one["components"] == [
        {"name": "rotor", "version": "2.1", "licence": "MIT"},
        {"name": "tower", "version": "1.0", "licence": None},
    ]


@pytest.mark.usefixtures("archive")
def test_a_person_sees_licences_and_what_is_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    said = capsys.readouterr().out
    assert "Bundles of dev" in said
    assert "MIT 1, unknown 1" in " ".join(said.split())
    assert ".build/sboms/*.cdx.json" in said


def test_a_bundle_that_cannot_be_built_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full:
        def __init__(self, *_: object) -> None:
            pass

        def core_bundle(self, *_: object) -> Archive:
            raise OverBudget("The sweep bundle is 60.0 MB unzipped.")

        bundle = core_bundle

    monkeypatch.setattr("stacks.bundling.bundler.Bundler", Full)
    assert run(monkeypatch, "dev") == 1
    assert "The sweep bundle is 60.0 MB unzipped." in capsys.readouterr().err
    assert run(monkeypatch, "nowhere") == 1
    assert "there is no config/nowhere.yaml" in capsys.readouterr().err
