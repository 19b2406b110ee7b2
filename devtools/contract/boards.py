"""Dashboards as places in the console: what they are called, and where their texts lead."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

#: A link within the CloudWatch console, such as ``(#dashboards:name=one)``.
_LINK: Final = re.compile(r"\]\(#([^:/?)]*)([^\s]*?)\)(?!\))")
_DASHBOARD: Final = re.compile(r":name=([^;&]+)|/dashboard/([^?;&]+)")
#: What a link to the alarms searches for; the console writes a sign as its code after an asterisk.
_SEARCHED: Final = re.compile(r"search~'([^~)]*)")
_SIGN: Final = re.compile(r"\*([0-9a-f]{2})")
_PAGES: Final = frozenset({"alarmsV2", "dashboards", "home", "logsV2", "metricsV2"})
_NAME: Final = re.compile(r"[0-9A-Za-z_-]{1,255}")


@dataclass(frozen=True, slots=True)
class Places:
    """What a text may lead to.

    Attributes:
        dashboards: The dashboards' names.
        alarms: The alarms' names.
    """

    dashboards: Sequence[str]
    alarms: Collection[str]

    def misnamed(self) -> Iterator[tuple[str, str]]:
        """Dashboards that CloudWatch refuses, or of which one replaces the other."""
        for name, times in Counter(self.dashboards).items():
            if not _NAME.fullmatch(name):
                problem = "A name has letters, digits, dashes and underscores, 255 at most."
                yield f"dashboard {name}", problem
            if times > 1:
                yield f"dashboard {name}", f"{times} dashboards have this name."

    def lost(self, markdown: str) -> Iterator[str]:
        """Links of a text that lead nowhere."""
        for page, rest in _LINK.findall(markdown):
            link = f"#{page}{rest}"
            if page not in _PAGES:
                yield f"Its link {link} leads to no page of the console."
            if page == "dashboards" and (named := _DASHBOARD.match(rest)):
                name = named[1] or named[2]
                if name not in self.dashboards:
                    yield f"Its link {link} leads to no dashboard of the templates."
            if page == "alarmsV2" and (searched := _SEARCHED.search(rest)):
                text = _SIGN.sub(lambda sign: chr(int(sign[1], 16)), searched[1])
                if not any(text in name for name in self.alarms):
                    yield f"Its link {link} finds no alarm of the templates."
