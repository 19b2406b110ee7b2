"""What a call of a runtime on AgentCore costs over reading its bytes off a socket."""
