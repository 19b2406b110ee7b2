"""A bundle's bill of materials, in CycloneDX 1.6 (https://cyclonedx.org/specification/overview/).

The same bundle has the same bill, byte for byte: it says nothing about when or where it was made.
"""

import datetime as dt
import uuid
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as Listed
from cyclonedx.model.component import ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from stacks.bundling.archive import Archive
from stacks.names import PROJECT

#: Where the bills' own ids come from: the bundle's bytes, in this namespace.
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, f"bundles.{PROJECT}")
#: That of the files in a bundle.
_TIME: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)


def bill_of_materials(archive: Archive, name: str) -> str:
    """What is in the bundle ``name``: its distributions, with version, licence and package URL."""
    licences = LicenseFactory()
    bundle = Listed(
        name=name,
        type=ComponentType.APPLICATION,
        bom_ref=name,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=archive.sha256)],
        properties=[Property(name=f"{PROJECT}:unzipped_bytes", value=str(archive.unzipped_bytes))],
    )
    parts = [
        Listed(
            name=part.name,
            version=part.version,
            bom_ref=f"{part.name}=={part.version}",
            licenses=[licences.make_from_string(part.licence)] if part.licence else None,
            purl=PackageURL("pypi", name=part.name, version=part.version),
        )
        for part in archive.components
    ]
    bom = Bom(
        components=parts,
        metadata=BomMetaData(component=bundle, timestamp=_TIME),
        serial_number=uuid.uuid5(_NAMESPACE, archive.sha256),
    )
    bom.register_dependency(bundle, parts)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"
