"""The deployed agents, a folder each. See ``agent.toml`` in any of them."""
