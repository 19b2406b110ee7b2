"""What a bundle's bill of materials says, and that every bundle has one."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from stacks.bundling.bundler import BILLS
from stacks.bundling.components import installed
from stacks.bundling.rules import METADATA_READ, NEVER_IMPORTED
from tests.infra.bundling_project import Project, names_in, project_fixture

__all__ = ["project_fixture"]

NAME = "report-arm64"


def bill(project: Project) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((project.root / BILLS / f"{NAME}.cdx.json").read_text())
    return written


def test_a_bundle_has_a_valid_bill_of_what_is_in_it(project: Project) -> None:
    archive = project.bundle()
    text = (project.root / BILLS / f"{NAME}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    said = json.loads(text)
    assert said["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": archive.sha256}
    ]
    parts = {part["name"]: part for part in said["components"]}
    assert set(parts) == {"botocore", "boto3", "geometry", *METADATA_READ["strands"]}
    assert not set(parts) & set(NEVER_IMPORTED["strands"])
    assert parts["geometry"]["purl"] == "pkg:pypi/geometry@1.0"
    assert parts["geometry"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    (own,) = (each for each in said["dependencies"] if each["ref"] == NAME)
    assert sorted(own["dependsOn"]) == sorted(part["bom-ref"] for part in parts.values())


def test_the_same_bundle_has_the_same_bill(project: Project) -> None:
    project.bundle()
    first = (project.root / BILLS / f"{NAME}.cdx.json").read_bytes()
    (project.root / BILLS / f"{NAME}.cdx.json").unlink()
    project.bundle()
    assert (project.root / BILLS / f"{NAME}.cdx.json").read_bytes() == first


def test_a_bundle_that_changed_has_a_new_bill(project: Project) -> None:
    project.bundle()
    before = bill(project)
    added = project.wheels.add("rotor", {"rotor/__init__.py": b""}, version="2.1", licence="")
    project.requirements.write_text(project.requirements.read_text() + added)
    archive = project.bundle()
    after = bill(project)
    assert "rotor/__init__.py" in names_in(archive)
    (rotor,) = (part for part in after["components"] if part["name"] == "rotor")
    assert rotor["version"] == "2.1"
    assert "licenses" not in rotor
    assert after["serialNumber"] != before["serialNumber"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("License-Expression: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("License: MPL-2.0 AND MIT\n", "MPL-2.0 AND MIT"),
        ("License: Apache License, Version 2.0\n", "Apache-2.0"),
        ("License: x\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n", "ISC"),
        # A family of licences is not one.
        ("License: BSD\nClassifier: License :: OSI Approved :: BSD License\n", None),
        ("", None),
        ("License: (c) somebody, all rights reserved\n", None),
    ],
)
def test_a_licence_is_an_expression_or_unknown(
    tmp_path: Path, said: str, meant: str | None
) -> None:
    folder = tmp_path / "some_thing-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: Some.Thing\nVersion: 1\n{said}")
    (component,) = installed(tmp_path)
    assert (component.name, component.licence) == ("some-thing", meant)
