"""AgentCore Runtime: what its control plane keeps, and processes that serve what is invoked.

MiniStack's own AgentCore keeps less than it is told and answers every invocation with an echo.
Nothing of it is used. ``install`` puts these parts in its place.
"""
