"""An agent on AgentCore Runtime: its process is a server, asked over HTTP or A2A.

What is asked and answered is what the agent's Lambda function takes and gives; see
``handlers.service``.
"""
