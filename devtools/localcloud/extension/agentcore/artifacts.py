"""Code artifacts: taken from S3 when a version is made, unpacked, and run as the runtime asks."""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ministack.services import s3

from devtools.localcloud.code_store import CodeStore
from devtools.localcloud.execution import interpreter_of
from devtools.localcloud.extension.agentcore.process import PORTS
from devtools.localcloud.extension.agentcore.records import check_lifecycle
from devtools.localcloud.extension.agentcore.refusal import invalid, unsupported

#: The functions' runtimes, by AgentCore's names for them.
_RUNTIMES: Final = {"PYTHON_3_12": "python3.12", "PYTHON_3_13": "python3.13"}
#: The guide's limits for a direct code deployment.
_MOST_ZIPPED: Final = 250 * 1024 * 1024
_MOST_UNZIPPED: Final = 750 * 1024 * 1024
_CUSTOM_HEADER: Final = re.compile(r"(?i)X-Amzn-Bedrock-AgentCore-Runtime-Custom-[A-Za-z0-9_-]+")

Configuration = Mapping[str, Any]


@dataclass(frozen=True)
class Artifacts:
    """Where code comes from and goes.

    Attributes:
        lambda_runtimes: The functions' runtimes, whose interpreters agents run on.
        store: Where packages are unpacked.
    """

    lambda_runtimes: Mapping[str, Path]
    store: CodeStore

    def interpreter(self, configuration: Configuration) -> str:
        """The Python that an artifact asks for."""
        code = configuration["agentRuntimeArtifact"]["codeConfiguration"]
        return interpreter_of(self.lambda_runtimes[_RUNTIMES[code["runtime"]]])

    def check(self, configuration: Configuration) -> None:
        """Refuse what AWS does not allow beyond its model, and what is not honoured here.

        Raises:
            Refused: With what it is.
        """
        check_lifecycle(configuration)
        for name in (
            "authorizerConfiguration",
            "capacityProviderConfiguration",
            "filesystemConfigurations",
            "metadataConfiguration",
            "platformVersion",
        ):
            if configuration.get(name):
                raise unsupported(name)
        network = configuration.get("networkConfiguration") or {}
        if network.get("networkMode", "PUBLIC") != "PUBLIC":
            raise unsupported("the network mode VPC")
        protocol = (configuration.get("protocolConfiguration") or {}).get("serverProtocol", "HTTP")
        if protocol not in PORTS:
            raise unsupported(f"the protocol {protocol}")
        headers = configuration.get("requestHeaderConfiguration") or {}
        for header in headers.get("requestHeaderAllowlist", ()):
            if not _CUSTOM_HEADER.fullmatch(header):
                raise unsupported(f"the request header {header}")
        self._check_code(configuration["agentRuntimeArtifact"])

    def _check_code(self, artifact: Mapping[str, Any]) -> None:
        code = artifact.get("codeConfiguration")
        if code is None:
            raise unsupported("a container image")
        if code["runtime"] not in _RUNTIMES:
            raise unsupported(f"the runtime {code['runtime']}")
        if _RUNTIMES[code["runtime"]] not in self.lambda_runtimes:
            raise unsupported(f"{code['runtime']}, which this machine has no interpreter for,")
        if len(code["entryPoint"]) != 1:
            raise unsupported(f"the entry point {' '.join(code['entryPoint'])}")
        if not code["entryPoint"][0].endswith(".py"):
            raise invalid(f"The entry point {code['entryPoint'][0]} is no Python file")

    def unpack(self, configuration: Configuration) -> Path:
        """Take the code from S3, as it is now, and unpack it.

        Raises:
            Refused: It is not there, no archive, too large, or has no such entry file.
        """
        code = configuration["agentRuntimeArtifact"]["codeConfiguration"]
        place = code["code"]["s3"]
        name = f"s3://{place['bucket']}/{place['prefix']}"
        package = s3._get_object_data(place["bucket"], place["prefix"], place.get("versionId"))
        if package is None:
            raise invalid(f"The code artifact {name} was not found")
        if len(package) > _MOST_ZIPPED:
            raise invalid(f"The code artifact {name} is larger than {_MOST_ZIPPED} bytes")
        entry = code["entryPoint"][0]
        try:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                if sum(member.file_size for member in archive.infolist()) > _MOST_UNZIPPED:
                    raise invalid(
                        f"The code artifact {name} unpacks to over {_MOST_UNZIPPED} bytes"
                    )
                if entry not in archive.namelist():
                    raise invalid(f"The code artifact {name} has no file {entry}")
        except zipfile.BadZipFile:
            raise invalid(f"The code artifact {name} is no zip archive") from None
        return self.store.unpack(hashlib.sha256(package).hexdigest(), package)
