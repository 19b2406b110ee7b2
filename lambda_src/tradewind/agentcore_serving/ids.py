"""A request's id, from ids that others chose."""

import hashlib
import re

from tradewind.contracts.names import REQUEST_ID_PATTERN


def request_id_of(chosen: str | None) -> str | None:
    """An id as it is where a request may have it, and otherwise one that stands for it.

    Returns:
        None where nothing was chosen.
    """
    if not chosen:
        return None
    if re.fullmatch(REQUEST_ID_PATTERN, chosen):
        return chosen
    return hashlib.sha256(chosen.encode(errors="surrogatepass")).hexdigest()
