"""What a bundle is made of: its distributions, and the licence of each as an SPDX expression."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

from license_expression import ExpressionError, get_spdx_licensing

#: What distributions say that name their licence in other words, lower-case: the trove
#: classifiers of licences, and the words in use.
_SPDX: Final[Mapping[str, str]] = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}

#: Distributions whose metadata says no more than a family, or nothing: from the licence file that
#: each has in its wheel, or where it has none, in its source.
_READ_BY_HAND: Final[Mapping[str, str]] = {
    "cycler": "BSD-3-Clause",
    "httpx": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "matplotlib": "PSF-2.0",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "resvg-py": "MPL-2.0",
}


@dataclass(frozen=True)
class Component:
    """A distribution in a bundle.

    Attributes:
        name: Normalized.
        version: The exact version.
        licence: An SPDX expression; None where its metadata names none that is known.
    """

    name: str
    version: str
    licence: str | None


def installed(tree: Path) -> tuple[Component, ...]:
    """The distributions installed into ``tree``, by name; read before their metadata is removed."""
    found = []
    for metadata in tree.glob("*.dist-info"):
        said = HeaderParser().parsestr((metadata / "METADATA").read_text(encoding="utf-8"))
        name = re.sub(r"[-_.]+", "-", said["Name"]).lower()
        found.append(Component(name, said["Version"], _licence(name, said)))
    return tuple(sorted(found, key=lambda component: component.name))


def _licence(name: str, said: Message) -> str | None:
    if expression := said["License-Expression"]:
        return str(expression)
    if name in _READ_BY_HAND:
        return _READ_BY_HAND[name]
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in said.get_all("Classifier", [])
        if classifier.startswith("License ::")
    ]
    return next(filter(None, map(_as_spdx, [said["License"] or "", *classifiers])), None)


def _as_spdx(words: str) -> str | None:
    if known := _SPDX.get(words.lower()):
        return known
    try:
        # An expression of SPDX's own names, such as "MPL-2.0 AND MIT".
        get_spdx_licensing().parse(words, validate=True)
    except ExpressionError:
        return None
    return words or None
