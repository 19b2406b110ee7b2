"""The shape of a resource type's line in ``types``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Name:
    """A name that one resource of a type can have at a time.

    Attributes:
        of: The name that properties ask for, as ``held`` knows it; None where AWS makes one up.
        held: Whether something has that name, whoever made it.
        refusal: Gives what AWS says then about a name.
    """

    of: Callable[[Properties], str | None]
    held: Callable[[str], bool]
    refusal: Callable[[str], str]


@dataclass(frozen=True)
class Rules:
    """What AWS asks of a resource type beyond its properties.

    Attributes:
        name: The name that can be taken. None where nothing can be: the service makes up an
            identifier, or takes a second request for a change of the first.
        removal: Raises ``ValueError`` with AWS's words where a resource cannot be deleted. Takes
            the physical id and the properties.
        change: Raises ``ValueError`` with AWS's words where it does not make a change. Takes the
            properties before and after.
        replaced_by: Properties whose change replaces a resource, beside those MiniStack knows. One
            with a name of its own is not replaced under it.
    """

    name: Name | None = None
    removal: Callable[[str, Properties], None] | None = None
    change: Callable[[Properties, Properties], None] | None = None
    replaced_by: tuple[str, ...] = ()


def said(words: str) -> Callable[[str], str]:
    """A service's own words, with ``{name}`` in them where they have the name."""
    return lambda name: words.replace("{name}", name)


def already(resource_type: str) -> Callable[[str], str]:
    """The words of CloudFormation's own resource handlers about a name that is taken."""
    return said(f"Resource of type '{resource_type}' with identifier '{{name}}' already exists.")


def property_named(name: str) -> Callable[[Properties], str | None]:
    """The name is one property."""
    return lambda properties: properties.get(name)
