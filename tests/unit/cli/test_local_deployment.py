"""The real CDK's command line on the embedded AWS: where it synthesizes to."""

import sys
from pathlib import Path

import pytest

from cli import cdk
from cli.console import Step
from devtools.localcloud import Running

#: Writes what the CDK would: outputs, and an assembly with one bundle in it.
CDK = f"""#!{sys.executable}
import sys
from pathlib import Path
given = dict(word.partition("=")[::2] for word in sys.argv[1:])
assembly = Path(given["--output"])
assembly.mkdir()
(assembly / "asset.new.zip").touch()
Path(given["--outputs-file"]).write_text('{{"Stack": {{"Url": "https://api"}}}}')
"""


def test_an_assembly_begins_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    (assembly / "asset.old.zip").touch()
    script = tmp_path / "cdk"
    script.write_text(CDK)
    script.chmod(0o755)
    monkeypatch.setattr(cdk, "CDK", script)
    monkeypatch.setattr(cdk, "PROJECT", tmp_path)
    monkeypatch.setattr(cdk, "LOCAL_ASSEMBLY", assembly)
    running = Running(
        endpoint_url="https://127.0.0.1:1",
        bedrock_endpoint_url="https://127.0.0.1:2",
        bedrock_admin_url="http://127.0.0.1:3",
        ca_bundle="ca.pem",
        account_id="000000000000",
        region="us-east-1",
        access_key="key",
        secret_key="hidden",
        pid=1,
        started=0,
    )

    outputs = cdk.deploy(running, Step("Deploy"), tmp_path / "out")

    assert outputs == {"Url": "https://api"}
    assert [one.name for one in assembly.iterdir()] == ["asset.new.zip"]
