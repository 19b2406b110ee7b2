"""The agents of workflow files: on pooled models, a conversation a call; or the project's own."""
