"""The workflow engine beside LangGraph and Strands' own Graph, on the same tasks."""
