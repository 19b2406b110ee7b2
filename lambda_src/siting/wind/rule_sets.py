"""Sets of setbacks that some law or ordinance asks for, to choose by name and to cite.

A set replaces the planning defaults of the classes it names; the others keep theirs. Each is what
its source says at its date, cut down to what a map can tell: a map does not know who owns a house,
which plan a village has, or whether a neighbour has agreed. Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from siting.wind.features import SETBACK_RULES, FeatureClass, SetbackRule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One law's or ordinance's setbacks.

    Attributes:
        title: What it is called.
        source: The law, and where it was read.
        date: Since when, and until when, it says so.
        simplified: What of it a map cannot tell, and how it is read here instead.
        least_m: Metres kept from a class.
        tip_heights: Or tip heights, hub height and half a rotor.
        boundary_tip_heights: Tip heights kept from the site's boundary, if it asks for any.
    """

    title: str
    source: str
    date: str
    simplified: str
    least_m: Mapping[FeatureClass, float]
    tip_heights: Mapping[FeatureClass, float]
    boundary_tip_heights: float | None = None

    @property
    def classes(self) -> frozenset[FeatureClass]:
        """The classes whose setback it gives."""
        return frozenset({*self.least_m, *self.tip_heights})

    def rule(self, kind: FeatureClass) -> SetbackRule:
        """Its rule for a class that it names."""
        return SetbackRule(
            SETBACK_RULES[kind].label,
            self.least_m.get(kind, 0.0),
            self.tip_heights.get(kind, 0.0),
            self.title,
            self.source,
        )

    def describe(self) -> dict[str, Any]:
        """Return what is cited of it."""
        return {
            "title": self.title,
            "source": self.source,
            "date": self.date,
            "simplified": self.simplified,
        }


def rule_of(kind: FeatureClass, rules: str | None) -> SetbackRule:
    """Return the rule of a class: that of the set of that name, or else the default."""
    chosen = RULE_SETS[rules] if rules else None
    return chosen.rule(kind) if chosen and kind in chosen.classes else SETBACK_RULES[kind]


def _homes(distance: float) -> dict[FeatureClass, float]:
    return {FeatureClass.BUILDING: distance, FeatureClass.SETTLEMENT: distance}


#: By the name that a request chooses them by.
RULE_SETS: Final[Mapping[str, RuleSet]] = {
    "bavaria_10h": RuleSet(
        title="Bavaria's 10 H",
        source="Art. 82 BayBO, as the Energie-Atlas Bayern gives it "
        "(energieatlas.bayern.de, lexikon, 10 H-Regelung)",
        date="November 2014; since 16 November 2022 with exceptions at 1,000 m (Art. 82a), which "
        "have not held in wind energy areas since 31 May 2023",
        simplified="The law spares homes outside of villages and plans; a map cannot tell them, so "
        "every home keeps the distance.",
        least_m={},
        tip_heights=_homes(10.0),
    ),
    "germany_2h": RuleSet(
        title="Germany's 2 H",
        source="BauGB section 249 (10), law of 4 January 2023, as quoted by SKW Schwarz "
        "(skwschwarz.de)",
        date="2023",
        simplified="It says when a turbine does not loom over homes. Noise may ask for more.",
        least_m={},
        tip_heights=_homes(2.0),
    ),
    "north_rhine_westphalia_1000m": RuleSet(
        title="North Rhine-Westphalia's 1,000 m",
        source="BauGB-AG NRW section 2, as reported by Aulinger (aulinger.eu)",
        date="15 July 2021, repealed on 25 August 2023",
        simplified="The law meant residential areas and spared lone farms; a map cannot tell them, "
        "so every home keeps the distance.",
        least_m=_homes(1000.0),
        tip_heights={},
    ),
    "denmark_4h": RuleSet(
        title="Denmark's 4 H",
        source="order on planning for wind turbines, as Miljøstyrelsen gives it "
        "(eng.mst.dk, wind turbine regulations); roads as the Danish Wind Industry Association",
        date="as of September 2019, when the order was last amended for height",
        simplified="It means neighbours' homes, and major roads and railways; a map does not know "
        "who is a neighbour, and here every public road keeps the distance.",
        least_m={},
        tip_heights={FeatureClass.BUILDING: 4.0, FeatureClass.SETTLEMENT: 4.0,
                     FeatureClass.ROAD: 1.0},
    ),
    "france_500m": RuleSet(
        title="France's 500 m",
        source="Code de l'environnement, art. L. 515-44, as quoted by the Assemblée nationale "
        "(amendments to bill 526)",
        date="as of December 2022",
        simplified="A minimum, which the study of a project's impact may widen.",
        least_m=_homes(500.0),
        tip_heights={},
    ),
    "illinois_county": RuleSet(
        title="Illinois counties' 1.1 and 2.1 tip heights",
        source="55 ILCS 5/5-12020 (Public Act 102-1123), as DeWitt County's code has it "
        "(codelibrary.amlegal.com)",
        date="27 January 2023",
        simplified="Every home is read as one whose owner takes no part, every boundary as that of "
        "a neighbour who takes none; who agrees may waive it.",
        least_m={},
        tip_heights={
            FeatureClass.BUILDING: 2.1, FeatureClass.SETTLEMENT: 2.1,
            FeatureClass.SENSITIVE_PLACE: 2.1, FeatureClass.ROAD: 1.1,
            FeatureClass.POWER_LINE: 1.1, FeatureClass.PROTECTED_AREA: 2.1,
        },
        boundary_tip_heights=1.1,
    ),
}  # fmt: skip
