"""Manifests of four agents that exist in tests only; what is deployed has its own."""

from typing import Final

from tradewind.contracts.agent_manifest import AgentManifest

_DESCRIPTION: Final = "Does what a test needs done."

SAMPLES: Final = {
    one.name: one
    for one in (
        AgentManifest.model_validate(
            {
                "name": "terrain",
                "description": _DESCRIPTION,
                "framework": "strands",
                "function": {
                    "endpoints": {
                        "OVERPASS_URL": "https://map.test/api",
                        "WIND_DATA_URL": "https://wind.test/hourly",
                    }
                },
            }
        ),
        AgentManifest(
            name="layout", description=_DESCRIPTION, framework="strands", reads_from=("terrain",)
        ),
        AgentManifest(
            name="simulation",
            description=_DESCRIPTION,
            framework="strands",
            reads_from=("terrain", "layout"),
        ),
        AgentManifest(
            name="report",
            description=_DESCRIPTION,
            framework="strands",
            packages=("siting",),
            reads_from=("terrain", "layout", "simulation"),
        ),
    )
}
