"""What a workflow file says, and everything about it that can be found wrong by reading."""
