"""What callers, handlers and infrastructure agree on: a leaf that imports nothing of ours."""
