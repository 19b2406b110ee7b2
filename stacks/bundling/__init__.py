"""Lambda bundles: built by uv without Docker, compiled, pruned, reproducible and cached."""
