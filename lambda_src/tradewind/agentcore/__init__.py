"""Calls of agents that run on Bedrock AgentCore: invoked, streamed, and repeated in one place."""
