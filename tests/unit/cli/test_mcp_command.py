"""``tradewind mcp``: what it becomes, and what it says when it cannot."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.api import mcp_proxy
from cli.api.address import Address
from cli.api.mcp_proxy import become_proxy
from cli.cdk import PROJECT
from cli.commands.mcp import mcp
from cli.errors import CommandError, Refused

URL = "https://abc.execute-api.eu-west-1.amazonaws.com/v1"
EXECVE = os.execve
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What is started in this process's place; the developer's own settings are out of the way."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "TRADEWIND_", "SSL_"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("PYTHONPATH", "another")
    monkeypatch.chdir(tmp_path)
    calls: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *given: calls.append(given))
    return calls


@pytest.fixture
def credentials(started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "x")


@pytest.mark.usefixtures("credentials")
def test_it_becomes_the_proxy_that_signs_for_the_apis_region(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    become_proxy(Address(URL, "eu-west-1"))
    [(program, command, variables)] = started
    assert command[:2] == [str(program), f"{URL}/mcp"]
    assert command[2:6] == ["--service", "execute-api", "--region", "eu-west-1"]
    assert variables["AWS_REGION"] == "eu-west-1"
    assert {variables[name] for name in CREDENTIALS} == {"x"}
    assert not [name for name in variables if name.startswith("PYTHON")]
    assert "SSL_CERT_FILE" not in variables


@pytest.mark.usefixtures("credentials")
def test_it_trusts_whom_the_callers_settings_trust(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/some/ca.pem")
    become_proxy(Address(URL, "eu-west-1"))
    assert started[0][2]["SSL_CERT_FILE"] == "/some/ca.pem"


def test_without_credentials_it_says_so_and_starts_nothing(started: list[Any]) -> None:
    with pytest.raises(Refused):
        become_proxy(Address(URL, "eu-west-1"))
    assert started == []


@pytest.mark.usefixtures("credentials")
def test_without_its_environment_it_says_how_to_make_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "execve", EXECVE)
    monkeypatch.setattr(mcp_proxy, "PROXY", tmp_path / "none")
    with pytest.raises(CommandError, match=r"make -C .* setup"):
        become_proxy(Address(URL, "eu-west-1"))


def test_it_is_installed() -> None:
    """As ``make setup`` does, with the library's version that its lock has."""
    assert os.access(mcp_proxy.PROXY, os.X_OK)
    packages = PROJECT.glob(".venv-mcp-proxy/lib/python*/site-packages/mcp-*.dist-info")
    [version] = [path.name.removeprefix("mcp-").removesuffix(".dist-info") for path in packages]
    assert f"\nmcp=={version} " in (PROJECT / "requirements-mcp-proxy.txt").read_text()


def test_the_configuration_starts_the_command_and_holds_no_key(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "a-secret-key")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("TRADEWIND_API_URL", URL)
    printed = CliRunner().invoke(mcp, ["--print-config"])
    assert printed.exit_code == 0, printed.output
    [(name, server)] = json.loads(printed.stdout)["mcpServers"].items()
    assert name == "tradewind"
    assert (server["command"], server["args"]) == (str(PROJECT / "tradewind"), ["mcp"])
    assert server["env"] == {"AWS_PROFILE": "mine", "TRADEWIND_API_URL": URL}
    assert "a-secret-key" not in printed.stdout
    named = json.loads(CliRunner().invoke(mcp, ["--env", "prod", "--json"]).stdout)
    assert named["mcpServers"]["tradewind"]["args"] == ["mcp", "--env", "prod"]
    assert "TRADEWIND_API_URL" not in named["mcpServers"]["tradewind"]["env"]
    assert started == []
