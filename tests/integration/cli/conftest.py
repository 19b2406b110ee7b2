"""The command in the test's process, and an API for it to talk to."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli import __main__ as command
from devtools.localcloud.tls import TlsFiles, make_tls_files
from tests.integration.cli.api_server import KEY, REGION, SECRET, Contract, serving


@dataclass
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass
class Caller:
    """Runs the command as a shell does, but in this process, and without waiting."""

    patch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]
    pauses: list[float] = field(default_factory=list)

    def run(self, *words: str) -> Said:
        """Run ``tradewind`` with ``words``."""
        self.patch.setattr("sys.argv", ["tradewind", *words])
        with pytest.raises(SystemExit) as end:
            command.main()
        said = self.captured.readouterr()
        return Said(int(end.value.code or 0), said.out, said.err)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def api_url(contract: Contract, tls: TlsFiles) -> Iterator[str]:
    """Where the contract is kept."""
    with serving(contract, tls) as url:
        yield url


@pytest.fixture
def caller_environment(tls: TlsFiles) -> dict[str, str]:
    """What a caller's shell has, but for the address."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": str(tls.ca),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def caller(
    api_url: str,
    caller_environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Caller:
    """A caller of the API."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "TRADEWIND_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in caller_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "no-cloud"))
    monkeypatch.setattr("cli.cloud.HOME", tmp_path / "no-cloud")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TRADEWIND_API_URL", api_url)
    caller = Caller(monkeypatch, capsys)
    monkeypatch.setattr("cli.api.client.sleep", caller.pauses.append)
    return caller
