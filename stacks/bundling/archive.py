"""Zips whose bytes depend on nothing but the content of the files in them."""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.bundling.components import Component

#: Zip has no earlier time, and this one says nothing about when it was built.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644
_UNIX = 3


@dataclass(frozen=True)
class Archive:
    """A finished zip.

    Attributes:
        path: The zip.
        sha256: Of its bytes. Deployments compare it, so equal bytes are never deployed again.
        packages: Unzipped bytes by top-level package, largest first.
        components: The distributions in it.
    """

    path: Path
    sha256: str
    packages: Mapping[str, int]
    components: tuple[Component, ...] = ()

    @property
    def unzipped_bytes(self) -> int:
        """What Lambda's size limit counts."""
        return sum(self.packages.values())


def add_tree(archive: Path, tree: Path) -> dict[str, int]:
    """Append the files below ``tree``, sorted, with fixed times and modes.

    Returns:
        Unzipped bytes by top-level package. Shared libraries and metadata beside a package count
        as the package's.
    """
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(archive, "a") as zipped:
        for file in sorted(path for path in tree.rglob("*") if path.is_file()):
            name = file.relative_to(tree)
            content = file.read_bytes()
            entry = zipfile.ZipInfo(name.as_posix(), _TIMESTAMP)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE << 16
            zipped.writestr(entry, content, zipfile.ZIP_DEFLATED)
            package = _package_of(name)
            sizes[package] = sizes.get(package, 0) + len(content)
    return sizes


def file_sha256(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _package_of(name: Path) -> str:
    # Modules outside any package leave their byte code in a folder of its own.
    parts = [part for part in name.parts if part != "__pycache__"]
    return re.split(r"[-.]", parts[0])[0]
