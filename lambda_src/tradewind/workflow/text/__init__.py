"""The texts of a workflow file: templates, conditions, and the JSON in what models reply.

The files are not trusted, and neither are the replies: whatever they hold, the work is bounded.
"""
