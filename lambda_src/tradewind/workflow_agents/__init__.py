"""The agents of workflow files: Strands' agents on pooled models, one conversation a call."""
