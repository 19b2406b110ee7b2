"""The page's chart: which change has how many of the requests answered, light or dark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from bench.scale.__main__ import Row

_LEFT, _BAR, _STEP, _WIDTH, _TOP = 250, 16, 24, 380, 56
_STYLE: Final = """
text{font-family:system-ui,sans-serif;font-size:13px;fill:#33475a}
.page{fill:#fff}.title{font-size:15px;font-weight:600;fill:#15293c}
.size{font-weight:600}.answered{fill:#1f7a8c}.throttled{fill:#d98a1f}.never{fill:#c3ccd5}
@media(prefers-color-scheme:dark){text{fill:#b8c6d3}.page{fill:#10181f}.title{fill:#e8eef3}
.answered{fill:#4fb0c2}.throttled{fill:#e0a04f}.never{fill:#3b4a58}}
"""


def chart(rows: Sequence["Row"]) -> str:
    """An SVG."""
    parts, y = [], _TOP
    requests = None
    for row in rows:
        if row.requests != requests:
            requests, y = row.requests, y + 14
            parts.append(_text(16, y + 12, f"{requests:,} requests at once", "size"))
            y += _STEP
        parts.append(_text(16, y + 12, row.change))
        x = float(_LEFT)
        shares = {
            "answered": row.answered,
            "throttled": row.throttled_out,
            "never": row.never_begun,
        }
        for kind, share in shares.items():
            wide = share * _WIDTH
            if wide:
                box = f'x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_BAR}"'
                parts.append(f'<rect class="{kind}" {box}/>')
            x += wide
        parts.append(
            _text(
                _LEFT + _WIDTH + 10,
                y + 12,
                f"{row.answered:.0%}, half after {row.wall_p50_s:,.0f} s",
            )
        )
        y += _STEP
    height, width = y + 14, _LEFT + _WIDTH + 190
    legend = [("answered", "answered"), ("throttled", "throttled out"), ("never", "too old")]
    head = [_text(16, 24, "What becomes of the requests, simulated", "title")]
    for at, (kind, words) in enumerate(legend):
        x = _LEFT + at * 130
        head.append(f'<rect class="{kind}" x="{x}" y="38" width="12" height="12"/>')
        head.append(_text(x + 18, 49, words))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'width="{width}" height="{height}">',
            "<title>What becomes of the requests, simulated</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}"/>',
            *head,
            *parts,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(words)}</text>'
