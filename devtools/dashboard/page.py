"""The page: one HTML file with its style, script and chart library in it: it loads nothing."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from devtools.dashboard import d3

_ASSETS: Final = files("devtools.dashboard") / "static"
#: In the order they build on each other.
_SCRIPTS: Final = (
    "charts/elements.js", "charts/colors.js", "charts/format.js", "charts/axes.js",
    "charts/layers.js", "charts/annotations.js", "charts/hover.js", "charts/timeseries.js",
    "charts/shares.js", "charts/lists.js", "page.js",
)  # fmt: skip


def page(embedded: Any = None) -> str:
    """Return the page.

    Args:
        embedded: A document for the page to show; without one it asks its server.

    Raises:
        LibraryMissing: The chart library is not installed.
    """
    style = _asset("page.css")
    script = "\n".join([d3.source(d3.NODE_MODULES), *map(_asset, _SCRIPTS)])
    # The policy allows exactly this style and this script, and a request to the own server only.
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "connect-src 'none'" if embedded is not None else "connect-src 'self'",
        ]
    )
    data = ""
    if embedded is not None:
        data = f'<script type="application/json" id="document">{_in_html(embedded)}</script>'
    parts = {"policy": policy, "style": style, "script": script, "document": data}
    # One pass over the frame only: what is put in is never searched for places itself.
    text, whole = _asset("page.html"), []
    while text:
        before, found, text = text.partition("@")
        name, _, rest = text.partition("@")
        whole.append(before)
        if found and name in parts:
            whole.append(parts[name])
            text = rest
        elif found:
            whole.append(found)
    return "".join(whole)


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_html(value: Any) -> str:
    """JSON that cannot end the element it stands in, nor open a comment."""
    text = json.dumps(value, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
