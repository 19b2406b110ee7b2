"""Tiny wheels in a folder of their own, so that bundles are built without any registry."""

import base64
import gzip
import hashlib
import html
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from stacks.bundling.rules import AWS_OPERATIONS, CORE_FUNCTIONS, METADATA_READ, NEVER_IMPORTED


class Wheelhouse:
    """A folder of wheels, the pins to install them by, and a registry that has no others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._registry = folder.with_name(f"{folder.name}-registry")
        self._registry.mkdir(exist_ok=True)

    @property
    def registry(self) -> str:
        """The registry's address."""
        return self._registry.as_uri()

    def add(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        version: str = "1.0",
        tag: str = "py3-none-any",
        requires: Sequence[str] = (),
        python: str = ">=3",
        licence: str = "License-Expression: Apache-2.0\n",
    ) -> str:
        """Write a wheel and return its line for a requirements file."""
        distribution = name.replace("-", "_")
        info = f"{distribution}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += f"Requires-Python: {python}\n{licence}"
        metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        kind = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
        everything = {
            **files,
            f"{info}/METADATA": metadata.encode(),
            f"{info}/WHEEL": kind.encode(),
            f"{info}/licenses/LICENSE": b"Apache-2.0",
            f"{info}/entry_points.txt": b"[console_scripts]\n",
        }
        record = "".join(
            f"{path},sha256={_digest(content)},{len(content)}\n"
            for path, content in everything.items()
        )
        everything[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        wheel = self.folder / f"{distribution}-{version}-{tag}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, content in everything.items():
                archive.writestr(path, content)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        page = self._registry / name / "index.html"
        page.parent.mkdir(exist_ok=True)
        with page.open("a", encoding="utf-8") as links:
            wanted = html.escape(python)
            # Relative, so that both folders can be copied.
            href = f"../../{self.folder.name}/{wheel.name}"
            links.write(
                f'<a href="{href}#sha256={sha256}" data-requires-python="{wanted}">'
                f"{wheel.name}</a>\n"
            )
        return f"{name}=={version} --hash=sha256:{sha256}\n"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def usual_closure(wheels: Wheelhouse) -> str:
    """What every agent's bundle holds, in miniature: the requirements file to install it by."""
    data = "botocore/data"
    callers = [AWS_OPERATIONS, *(function.operations for function in CORE_FUNCTIONS.values())]
    services = sorted({service for operations in callers for service in operations})
    botocore = {
        "botocore/__init__.py": b"",
        f"{data}/endpoints.json": json.dumps(
            {"partitions": [{"services": {name: {} for name in (*services, "ec2")}}]}
        ).encode(),
        f"{data}/ec2/2016-11-15/service-2.json.gz": gzip.compress(b"{}"),
    }
    for service in services:
        known = {name for operations in callers for name in operations.get(service, ())}
        for version in ("2019-01-01", "2020-02-02"):
            folder = f"{data}/{service}/{version}"
            model = json.dumps(service_model(sorted({*known, "NeverCalled"}))).encode()
            botocore[f"{folder}/service-2.json.gz"] = gzip.compress(model)
            botocore[f"{folder}/endpoint-rule-set-1.json.gz"] = gzip.compress(b"{}")
            botocore[f"{folder}/paginators-1.json"] = b"{}"
    lines = [
        wheels.add("botocore", botocore),
        wheels.add("boto3", {"boto3/__init__.py": b"", "boto3/data/s3/resources-1.json": b"{}"}),
        wheels.add(
            "geometry",
            {
                "geometry/__init__.py": b"def area(side: int) -> int:\n    return side * side\n",
                "geometry/tests/test_area.py": b"",
                "geometry/_fast.pyi": b"",
                "geometry/_fast.pyx": b"",
                "geometry/shapes.json": b'{"square": 4}',
                "geometry-stubs/__init__.pyi": b"",
                "geometry.libs/libgeos.so": b"\x7fELF" + b"0" * 5000,
            },
        ),
        *(wheels.add(name, {f"{name}/__init__.py": b""}) for name in METADATA_READ["strands"]),
        *(wheels.add(name, {f"{name}/__init__.py": b""}) for name in NEVER_IMPORTED["strands"]),
    ]
    return "".join(lines)


def service_model(operations: list[str]) -> dict[str, object]:
    """A service model in botocore's form, in which every operation has shapes of its own."""
    return {
        "metadata": {},
        "operations": {
            name: {
                "input": {"shape": f"{name}Request"},
                "errors": [{"shape": f"{name}Fault"}],
            }
            for name in operations
        },
        "shapes": {
            shape: body
            for name in operations
            for shape, body in {
                f"{name}Request": {
                    "type": "structure",
                    # A member that is itself called "shape", and one that refers back.
                    "members": {
                        "shape": {"shape": f"{name}Text"},
                        "again": {"shape": f"{name}Request"},
                    },
                },
                f"{name}Text": {"type": "string"},
                f"{name}Fault": {"type": "structure", "members": {}},
            }.items()
        },
    }
