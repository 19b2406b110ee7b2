"""A runtime on AgentCore as an agent's work: what it is told, what it costs, what it says."""
