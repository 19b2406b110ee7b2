"""One request on one agent: its tools, its project, its artifacts, its end."""
