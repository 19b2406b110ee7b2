"""The agents: each has its prompt, its tools and one factory."""
