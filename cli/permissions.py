"""Do the roles' policies grant what the roles ask for, and nothing else?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli import cdk
from cli.errors import CommandError
from devtools.permissions import (
    Coverage,
    PermissionsError,
    cover,
    load_excuses,
    read_policies,
    read_record,
)

EXCUSES: Final = cdk.PROJECT / "stacks" / "unused_grants.yaml"


def check_permissions(
    templates: Path, records: Sequence[Path], *, partial: bool = False, excuses: Path = EXCUSES
) -> Coverage:
    """Lay recorded calls over the policies of the synthesized app in ``templates``.

    Args:
        templates: A folder such as ``cdk.out``.
        records: Files of calls that an embedded AWS took down; see ``LocalCloud.calls``.
        partial: The calls are some of those that there are: only what is denied is wrong then.
        excuses: Grants that are to stay though no call uses them.

    Raises:
        CommandError: There is nothing to compare, or it cannot be read.
    """
    missing = [file for file in records if not file.exists()]
    if missing or not records:
        raise CommandError(
            "There is no record of calls. Run `tradewind demo --keep` first, or give --record FILE."
        )
    try:
        return cover(
            read_policies(templates),
            [read_record(file) for file in records],
            load_excuses(excuses),
            partial=partial,
        )
    except PermissionsError as error:
        raise CommandError(str(error)) from error
